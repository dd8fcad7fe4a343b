import type { Message } from "../core/message.ts";

/**
 * The latest messages of a history, at most `most` and whole turns only: a turn is a question with all that follows it, so
 * no result loses its call. The last turn stays even when it is longer; system messages stay, each once, and do not count.
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

/** Several questions in a row are one. */
function beginsTurn(said: readonly Message[], at: number): boolean {
  return said[at]?.role === "user" && said[at - 1]?.role !== "user";
}

/** Whoever sends the same instructions with each question has said them once. */
function withoutRepeatedSystem(messages: readonly Message[]): readonly Message[] {
  const known = new Set<string>();
  return messages.filter(({ role, content }) => {
    if (role !== "system") return true;
    const text = JSON.stringify(content);
    return !known.has(text) && known.add(text);
  });
}
