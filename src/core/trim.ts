import { estimateTokens } from "./estimate.ts";
import type { Message } from "./message.ts";

/** A part of a history that cannot be divided: one message, or an assistant message with the results of its tool calls. */
type Step = readonly Message[];

/**
 * The system messages and the newest other messages that fit into `limit` tokens, in their order. The history begins with a user
 * message, and the step at its end keeps the user message that it answers. `undefined` if not even these fit.
 */
export function trimmed(messages: readonly Message[], limit: number): readonly Message[] | undefined {
  if (estimateTokens(messages) <= limit) return messages;
  const system = messages.filter(({ role }) => role === "system");
  const steps = stepsOf(messages);
  const kept = newest(steps, limit - estimateTokens(system));
  if (kept === undefined) return undefined;
  const stays = new Set<Message>([...system, ...kept.flat()]);
  return messages.filter((message) => stays.has(message));
}

/** Tokens without which `trimmed` has no result. */
export function leastTokens(messages: readonly Message[]): number {
  const steps = stepsOf(messages);
  const { asked } = endOf(steps);
  const last = steps.at(-1) ?? [];
  const system = messages.filter(({ role }) => role === "system");
  return estimateTokens([...system, ...(asked === undefined || asked === last ? [] : asked), ...last]);
}

function stepsOf(messages: readonly Message[]): readonly Step[] {
  const steps: Message[][] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const current = steps.at(-1);
    if (message.role === "tool" && current !== undefined) current.push(message);
    else steps.push([message]);
  }
  return steps;
}

/** The user message that the last step answers; the step itself if it is one. */
function endOf(steps: readonly Step[]): { readonly at: number; readonly asked: Step | undefined } {
  const at = steps.findLastIndex(isQuestion);
  return { at, asked: steps[at] };
}

function isQuestion([first]: Step): boolean {
  return first?.role === "user";
}

function newest(steps: readonly Step[], room: number): readonly Step[] | undefined {
  const { at, asked } = endOf(steps);
  const last = steps.length - 1;
  let left = room - sizeOf(steps[last] ?? []) - (asked === undefined || at === last ? 0 : sizeOf(asked));
  if (left < 0) return undefined;
  // The steps of the current turn, the newest first.
  let from = last;
  while (from - 1 > at && sizeOf(steps[from - 1] ?? []) <= left) {
    from -= 1;
    left -= sizeOf(steps[from] ?? []);
  }
  const current = steps.slice(from);
  if (at < 0) return current;
  if (at !== last && from - 1 > at) return [asked ?? [], ...current];
  return steps.slice(wholeTurns(steps, at, left));
}

/** The index of the earliest user message before `at` from which everything fits. */
function wholeTurns(steps: readonly Step[], at: number, room: number): number {
  let from = at;
  let needed = 0;
  for (let index = at - 1; index >= 0; index--) {
    needed += sizeOf(steps[index] ?? []);
    if (needed > room) break;
    if (isQuestion(steps[index] ?? [])) from = index;
  }
  return from;
}

function sizeOf(step: Step): number {
  return estimateTokens(step) - estimateTokens([]);
}
