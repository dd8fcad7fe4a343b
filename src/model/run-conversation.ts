import { ModelError } from "../core/error.ts";
import { type Input, readCallInput, readHistory } from "../core/input.ts";
import type { Message, ToolCallPart, ToolMessage } from "../core/message.ts";
import { openCallsOf } from "../core/open-calls.ts";
import type { ToolResult } from "../core/run-step.ts";
import type { ToolCall } from "../core/tool.ts";
import { checkToolCall } from "../core/tool-arguments.ts";

/**
 * The conversation to go on with. It may end with calls that have no results, if all of them are approved.
 * @throws ModelError `invalid_request`.
 */
export function readConversation(input: Input, approved: readonly string[], model: string): readonly Message[] {
  const messages = typeof input === "string" ? readCallInput(input) : readHistory(input);
  const open = openCallsOf(messages);
  const unknown = approved.find((id) => !open.has(id));
  if (unknown !== undefined) throw invalidRun(model, `approved: no open tool call has the id "${unknown}"`);
  const unanswered = [...open].find(([id]) => !approved.includes(id));
  if (unanswered !== undefined) {
    const [id, name] = unanswered;
    const advice = "append its tool result, or add its id to approved to execute it";
    throw invalidRun(model, `tool call "${id}" (${name}) has no result; ${advice}`);
  }
  return open.size > 0 ? messages : readCallInput(input);
}

export function invalidRun(model: string, words: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `${model}: run: ${words}`, model });
}

/** Tool results as a message. */
export function messageOf(results: readonly ToolResult[]): ToolMessage {
  return {
    role: "tool",
    content: results.map(({ id, name, content, error }) => ({
      type: "tool-result",
      ...{ id, name, content },
      ...(error && { error }),
    })),
  };
}

/** The tool calls at the end of a conversation that have no result yet. */
export function openCallsAtEnd(messages: readonly Message[]): readonly ToolCall[] {
  const open = openCallsOf(messages);
  const last = messages.findLast(({ role }) => role === "assistant");
  if (open.size === 0 || last === undefined || typeof last.content === "string") return [];
  return last.content.flatMap((part) => (part.type === "tool-call" && open.has(part.id) ? callOf(part) : []));
}

function callOf({ kind, id, name, arguments: args, malformed }: ToolCallPart): readonly ToolCall[] {
  const json = malformed ?? JSON.stringify(args);
  if (malformed === undefined) return [{ ...(kind !== undefined && { kind }), id, name, arguments: args, json }];
  const checked = checkToolCall({ id, name, json, deliverInvalid: true });
  return "call" in checked ? [checked.call] : [];
}
