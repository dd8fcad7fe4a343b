import type { Message } from "../core/message.ts";

/**
 * The latest messages of a history, at most `most` and only complete turns: a turn is a user message with everything after it,
 * so no result loses its call. The last turn is kept even if it is longer; system messages are kept once and not counted.
 */
export function latestMessages(history: readonly Message[], most: number): readonly Message[] {
  const messages = withoutRepeatedSystem(history);
  const said = messages.filter(({ role }) => role !== "system");
  if (said.length <= most) return messages;
  const turns = said.flatMap((_, at) => (beginsTurn(said, at) ? [at] : []));
  const from = turns.find((at) => said.length - at <= most) ?? turns.at(-1) ?? 0;
  const kept = new Set(said.slice(from));
  return messages.filter((message) => message.role === "system" || kept.has(message));
}

/** Consecutive user messages belong to one turn. */
function beginsTurn(said: readonly Message[], at: number): boolean {
  return said[at]?.role === "user" && said[at - 1]?.role !== "user";
}

/** Instructions that are repeated with each input are kept once. */
function withoutRepeatedSystem(messages: readonly Message[]): readonly Message[] {
  const known = new Set<string>();
  return messages.filter(({ role, content }) => {
    if (role !== "system") return true;
    const text = JSON.stringify(content);
    return !known.has(text) && known.add(text);
  });
}
