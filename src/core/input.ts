import { ModelError } from "./error.ts";
import { readContent, readPart, readToolResult } from "./input-parts.ts";
import { invalidInput, kindOf, type Loose, shownValue, stringAt } from "./invalid-input.ts";
import { type MessageInput, refusePending } from "./media-source.ts";
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  ToolCallPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "./message.ts";
import { checkAnswered, openCallsOf } from "./open-calls.ts";

/** Input where nothing can be read from a disk: a Blob and a local file are refused. */
export function readInput(input: unknown): readonly Message[] {
  return refusePending(readCallInput(input));
}

/**
 * Reads the input of a call: a string, canonical messages, or OpenAI-shaped messages. Invalid input is an `invalid_request`
 * with the path, before anything is sent. Blobs and local files are read later.
 */
export function readCallInput(input: unknown): readonly Message[] {
  if (typeof input === "string") {
    if (input.trim() === "") throw invalidInput("input", "the prompt is empty");
    return [{ role: "user", content: input }];
  }
  if (!Array.isArray(input))
    throw invalidInput("input", `expected a string or an array of messages, got ${kindOf(input)}`);
  if (input.length === 0) throw invalidInput("input", "no messages");
  const messages = input.map((message, index) => readMessage(message, `messages[${index}]`));
  checkAnswered(openCallsOf(messages), "messages", "at the end");
  if (!messages.some((message) => message.role !== "system"))
    throw invalidInput("input", "a user message is missing; there are only system messages");
  return messages;
}

/** Messages of a conversation to continue: may be empty, and may end with tool calls that have no results yet. */
export function readHistory(input: unknown): readonly Message[] {
  if (!Array.isArray(input)) throw invalidInput("messages", `expected an array of messages, got ${kindOf(input)}`);
  const messages = input.map((message, index) => readMessage(message, `messages[${index}]`));
  openCallsOf(messages);
  return messages;
}

type AssistantParts = Exclude<AssistantMessage["content"], string>;

function readMessage(value: unknown, path: string): Message {
  if (typeof value !== "object" || value === null) throw invalidInput(path, `expected a message, got ${kindOf(value)}`);
  const message = value as Loose;
  switch (message["role"]) {
    case "system":
    case "developer":
      return { role: "system", content: readContent(message["content"], path, ["text"]) as SystemMessage["content"] };
    case "user":
      return {
        role: "user",
        content: readContent(message["content"], path, ["text", "image", "file", "audio"]) as UserMessage["content"],
      };
    case "assistant":
      return readAssistant(message, path);
    case "tool":
      return readToolMessage(message, path);
    default:
      throw invalidInput(
        path,
        `unknown role ${shownValue(message["role"])}; expected "system", "user", "assistant" or "tool"`,
      );
  }
}

function readAssistant(message: Loose, path: string): AssistantMessage {
  const calls = message["tool_calls"];
  const content = message["content"];
  if (calls === undefined && message["reasoning_content"] === undefined) {
    if (typeof content === "string") return { role: "assistant", content };
    if (Array.isArray(content) && content.length === 0) return { role: "assistant", content: "" };
    if (content !== null && content !== undefined) {
      return {
        role: "assistant",
        content: readContent(content, path, ["text", "reasoning", "tool-call"]) as AssistantMessage["content"],
      };
    }
    if (typeof message["refusal"] === "string") return { role: "assistant", content: message["refusal"] };
    throw invalidInput(path, "the content is empty");
  }
  return {
    role: "assistant",
    content: [...reasoningOf(message), ...assistantText(content, path), ...readCalls(calls, path)],
  };
}

function reasoningOf(message: Loose): AssistantParts {
  const reasoning = message["reasoning_content"];
  return typeof reasoning === "string" && reasoning !== "" ? [{ type: "reasoning", text: reasoning }] : [];
}

function assistantText(content: unknown, path: string): AssistantParts {
  if (content === null || content === undefined || content === "") return [];
  const read = readContent(content, path, ["text", "reasoning", "tool-call"]);
  return typeof read === "string" ? [{ type: "text", text: read }] : (read as AssistantParts);
}

function readCalls(calls: unknown, path: string): AssistantParts {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) throw invalidInput(`${path}.tool_calls`, `expected an array, got ${kindOf(calls)}`);
  return calls.map((call: Loose, index) => {
    const at = `${path}.tool_calls[${index}]`;
    if (call?.["type"] === "custom") return readCustomCall(call, at);
    const details = (call?.["function"] ?? {}) as Loose;
    return {
      type: "tool-call",
      id: stringAt(call?.["id"], `${at}.id`),
      name: stringAt(details["name"], `${at}.function.name`),
      arguments: parseArguments(details["arguments"], `${at}.function.arguments`),
    };
  });
}

function readCustomCall(call: Loose, at: string): ToolCallPart {
  const custom = (call["custom"] ?? {}) as Loose;
  return {
    type: "tool-call",
    kind: "custom",
    id: stringAt(call["id"], `${at}.id`),
    name: stringAt(custom["name"], `${at}.custom.name`),
    arguments: { input: stringAt(custom["input"], `${at}.custom.input`) },
  };
}

function parseArguments(value: unknown, path: string): unknown {
  if (typeof value !== "string") return value ?? {};
  if (value.trim() === "") return {};
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new ModelError({ code: "invalid_request", message: `${path}: not JSON`, cause });
  }
}

function readToolMessage(message: Loose, path: string): ToolMessage {
  const id = message["tool_call_id"];
  const content = message["content"];
  if (id !== undefined)
    return { role: "tool", content: [readToolResult({ id, content, name: message["name"] }, path)] };
  if (!Array.isArray(content) || content.length === 0)
    throw invalidInput(path, "a tool message needs tool-result parts, or a tool_call_id with content");
  return {
    role: "tool",
    content: content.map(
      (part, index) => readPart(part, `${path}.content[${index}]`, ["tool-result"]) as ToolResultPart,
    ),
  };
}

export type Input = string | readonly Message[] | readonly MessageInput[] | readonly OpenAIMessage[];

/** A message in OpenAI's format, accepted as input. */
export interface OpenAIMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content?: unknown;
  readonly name?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
}
