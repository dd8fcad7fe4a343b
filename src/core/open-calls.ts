import { invalidInput, shownValue } from "./invalid-input.ts";
import type { AssistantMessage, Message } from "./message.ts";

/**
 * The tool calls without a result at the end. Every tool result answers a call of the preceding assistant message, and every
 * call is answered before the next message.
 */
export function openCallsOf(messages: readonly Message[]): ReadonlyMap<string, string> {
  let open = new Map<string, string>();
  messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    if (message.role === "tool") {
      for (const part of message.content) {
        if (!open.delete(part.id))
          throw invalidInput(
            path,
            `tool result "${part.id}" does not match an open tool call of the preceding message`,
          );
      }
    } else if (message.role !== "system") {
      checkAnswered(open, path);
      open = message.role === "assistant" ? callsOf(message, path) : new Map();
    }
  });
  return open;
}

/** Throws if a call has no result at `path`. */
export function checkAnswered(open: ReadonlyMap<string, string>, path: string, place = "before this point"): void {
  const [first] = open;
  if (first !== undefined)
    throw invalidInput(
      path,
      `tool call "${first[0]}" (${first[1]}) has no result ${place}; add its tool result, or remove the call`,
    );
}

function callsOf({ content }: AssistantMessage, path: string): Map<string, string> {
  const calls = new Map<string, string>();
  if (typeof content === "string") return calls;
  for (const part of content) {
    if (part.type !== "tool-call") continue;
    if (calls.has(part.id)) throw invalidInput(path, `duplicate tool call id ${shownValue(part.id)}`);
    calls.set(part.id, part.name);
  }
  return calls;
}
