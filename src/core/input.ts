import { ModelError } from "./error.ts";
import type {
  AssistantMessage,
  Message,
  Part,
  SystemMessage,
  ToolCallPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "./message.ts";

/**
 * Reads the caller's input: a string, canonical messages, or OpenAI-shaped messages. Invalid input is an `invalid_request`
 * with the path, before anything is sent.
 */
export function readInput(input: unknown): readonly Message[] {
  if (typeof input === "string") {
    if (input.trim() === "") throw wrong("input", "the prompt is empty");
    return [{ role: "user", content: input }];
  }
  if (!Array.isArray(input)) throw wrong("input", `expected a string or an array of messages, got ${kind(input)}`);
  if (input.length === 0) throw wrong("input", "no messages");
  const messages = input.map((message, index) => readMessage(message, `messages[${index}]`));
  checkAnswered(openCallsOf(messages), "the end");
  if (!messages.some((message) => message.role !== "system"))
    throw wrong("input", "there is no user message, only system messages");
  return messages;
}

/** Messages of a conversation to continue: may be empty, and may end with tool calls that have no results yet. */
export function readHistory(input: unknown): readonly Message[] {
  if (!Array.isArray(input)) throw wrong("messages", `expected an array of messages, got ${kind(input)}`);
  const messages = input.map((message, index) => readMessage(message, `messages[${index}]`));
  openCallsOf(messages);
  return messages;
}

function wrong(path: string, message: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `${path}: ${message}` });
}

function kind(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}

/** A value for an error message: only strings are quoted, because other values may not be serializable. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : kind(value);
}

type Loose = Readonly<Record<string, unknown>>;
type AssistantParts = Exclude<AssistantMessage["content"], string>;

function readMessage(value: unknown, path: string): Message {
  if (typeof value !== "object" || value === null) throw wrong(path, `expected a message, got ${kind(value)}`);
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
      throw wrong(path, `unknown role ${shown(message["role"])}; expected "system", "user", "assistant" or "tool"`);
  }
}

function readContent(content: unknown, path: string, allowed: readonly Part["type"][]): string | readonly Part[] {
  if (typeof content === "string") {
    if (content === "") throw wrong(path, "the content is empty");
    return content;
  }
  if (!Array.isArray(content))
    throw wrong(path, `expected a string or an array of parts as content, got ${kind(content)}`);
  const parts = readParts(content, path, allowed);
  if (parts.length === 0) throw wrong(path, "the content is empty");
  return parts;
}

function readParts(content: readonly unknown[], path: string, allowed: readonly Part["type"][]): readonly Part[] {
  return content.map((part, index) => readPart(part, `${path}.content[${index}]`, allowed)).filter(isFilled);
}

/** Some providers reject empty text, so it is dropped; signed parts are kept. */
function isFilled(part: Part): boolean {
  return part.type !== "text" || part.text !== "" || part.signature !== undefined;
}

function readPart(value: unknown, path: string, allowed: readonly Part["type"][]): Part {
  if (typeof value !== "object" || value === null) throw wrong(path, `expected a part, got ${kind(value)}`);
  const part = canonicalPart(value as Loose, path);
  if (!allowed.includes(part.type))
    throw wrong(path, `a part of type "${part.type}" is not allowed here; expected ${allowed.join(", ")}`);
  return part;
}

function canonicalPart(part: Loose, path: string): Part {
  const { type } = part;
  const read = typeof type === "string" && Object.hasOwn(PART_READERS, type) ? PART_READERS[type] : undefined;
  if (read === undefined) throw wrong(path, `unknown part type ${shown(type)}`);
  return read(part, path);
}

const PART_READERS: Readonly<Record<string, (part: Loose, path: string) => Part>> = {
  text: readText,
  input_text: readText,
  output_text: readText,
  refusal: (part, path) => ({ type: "text", text: text(part["refusal"], `${path}.refusal`) }),
  image: (part, path) => withSource(part, path, "image") as Part,
  image_url: readImageUrl,
  file: readFile,
  audio: (part, path) => ({
    type: "audio",
    data: text(part["data"], `${path}.data`),
    mediaType: text(part["mediaType"], `${path}.mediaType`),
  }),
  input_audio: readInputAudio,
  reasoning: (part, path) => ({ ...part, type: "reasoning", text: text(part["text"], `${path}.text`) }) as Part,
  "tool-call": readToolCallPart,
  "tool-result": (part, path) => readToolResult(part, path),
};

function readText(part: Loose, path: string): Part {
  const value = text(part["text"], `${path}.text`);
  const signed =
    typeof part["signature"] === "string"
      ? { signature: part["signature"], ...(typeof part["owner"] === "string" && { owner: part["owner"] }) }
      : {};
  return { type: "text", text: value, ...signed, ...(part["cache"] === true && { cache: true }) };
}

function text(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrong(path, `expected a string, got ${kind(value)}`);
  return value;
}

function withSource(part: Loose, path: string, type: "image" | "file"): Part {
  const { url, data, mediaType } = part;
  if (url === undefined && data === undefined)
    throw wrong(path, `${type === "image" ? "an image" : "a file"} needs a url or data`);
  if (url !== undefined) return splitDataUrl({ ...part, type, url: text(url, `${path}.url`) } as Part, `${path}.url`);
  text(data, `${path}.data`);
  if (mediaType === undefined) throw wrong(path, `${type} data needs a mediaType, for example "image/png"`);
  return { ...part, type } as Part;
}

/** A provider refuses a relative URL, or resolves it against a base of its own. */
function absolute(url: string, path: string): void {
  // One letter is the drive of a path.
  if (/^[a-z][a-z\d+.-]+:/i.test(url) && URL.canParse(url)) return;
  throw wrong(path, "expected an absolute URL or a data: URL; for a file, give its data and mediaType");
}

/** `data:` URLs become data and mediaType, so that every wire format can encode them. */
function splitDataUrl<T extends Part>(part: T, path: string): Part {
  const url = (part as { url?: string }).url ?? "";
  if (!url.startsWith("data:")) {
    absolute(url, path);
    return part;
  }
  const comma = url.indexOf(",");
  if (comma < 0) throw wrong(path, "a data: URL needs a comma before its data");
  const mediaType = url.slice(5, comma).split(";")[0] || "application/octet-stream";
  const { url: _, ...rest } = part as T & { url?: string };
  return { ...rest, data: url.slice(comma + 1), mediaType } as Part;
}

function readImageUrl(part: Loose, path: string): Part {
  const source = part["image_url"];
  const loose = (typeof source === "string" ? { url: source } : source) as Loose | undefined;
  const url = text(loose?.["url"], `${path}.image_url.url`);
  const detail = loose?.["detail"];
  return splitDataUrl(
    { type: "image", url, ...((detail === "auto" || detail === "low" || detail === "high") && { detail }) },
    `${path}.image_url.url`,
  );
}

function readFile(part: Loose, path: string): Part {
  const openai = part["file"] as Loose | null | undefined;
  if (openai === undefined || openai === null) return withSource(part, path, "file");
  const filename = openai["filename"];
  const url = text(openai["file_data"], `${path}.file.file_data`);
  const dataUrl = url.startsWith("data:") ? url : `data:application/pdf;base64,${url}`;
  return splitDataUrl({ type: "file", url: dataUrl, ...(typeof filename === "string" && { filename }) }, path);
}

function readInputAudio(part: Loose, path: string): Part {
  const audio = part["input_audio"] as Loose | undefined;
  return {
    type: "audio",
    data: text(audio?.["data"], `${path}.input_audio.data`),
    mediaType: `audio/${text(audio?.["format"], `${path}.input_audio.format`)}`,
  };
}

function readToolCallPart(part: Loose, path: string): Part {
  const { id, name } = part;
  return {
    ...part,
    type: "tool-call",
    id: text(id, `${path}.id`),
    name: text(name, `${path}.name`),
    arguments: part["arguments"] ?? {},
  } as Part;
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
    throw wrong(path, "the content is empty");
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
  if (!Array.isArray(calls)) throw wrong(`${path}.tool_calls`, `expected an array, got ${kind(calls)}`);
  return calls.map((call: Loose, index) => {
    const at = `${path}.tool_calls[${index}]`;
    if (call?.["type"] === "custom") return readCustomCall(call, at);
    const details = (call?.["function"] ?? {}) as Loose;
    return {
      type: "tool-call",
      id: text(call?.["id"], `${at}.id`),
      name: text(details["name"], `${at}.function.name`),
      arguments: parseArguments(details["arguments"], `${at}.function.arguments`),
    };
  });
}

function readCustomCall(call: Loose, at: string): ToolCallPart {
  const custom = (call["custom"] ?? {}) as Loose;
  return {
    type: "tool-call",
    kind: "custom",
    id: text(call["id"], `${at}.id`),
    name: text(custom["name"], `${at}.custom.name`),
    arguments: { input: text(custom["input"], `${at}.custom.input`) },
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
    throw wrong(path, "a tool message needs tool-result parts, or a tool_call_id with content");
  return {
    role: "tool",
    content: content.map(
      (part, index) => readPart(part, `${path}.content[${index}]`, ["tool-result"]) as ToolResultPart,
    ),
  };
}

function readToolResult(part: Loose, path: string): ToolResultPart {
  const id = text(part["id"], `${path}.id`);
  const { name, content } = part;
  if (content === undefined || content === null)
    throw wrong(`${path}.content`, `tool result "${id}" has no content; a tool without output returns ""`);
  return {
    type: "tool-result",
    id,
    ...(typeof name === "string" && { name }),
    content: Array.isArray(content) ? resultParts(content, path) : resultText(content, `${path}.content`),
    ...(part["error"] === true && { error: true }),
  };
}

function resultText(content: unknown, path: string): string {
  return typeof content === "string" ? content : jsonOf(content, path);
}

/** A tool may return nothing: no parts, or only empty ones, become "". */
function resultParts(content: readonly unknown[], path: string): ToolResultPart["content"] {
  const parts = readParts(content, path, ["text", "image"]);
  return parts.length === 0 ? "" : (parts as Exclude<ToolResultPart["content"], string>);
}

function jsonOf(value: unknown, path: string): string {
  try {
    const json = JSON.stringify(value) as string | undefined;
    if (json !== undefined) return json;
  } catch (cause) {
    throw new ModelError({ code: "invalid_request", message: `${path}: not serializable as JSON`, cause });
  }
  throw wrong(path, `not serializable as JSON: ${kind(value)}`);
}

/**
 * The tool calls without a result at the end. Every tool result answers a call of the preceding assistant message, and every
 * call is answered before the next message.
 */
function openCallsOf(messages: readonly Message[]): ReadonlyMap<string, string> {
  let open = new Map<string, string>();
  messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    if (message.role === "tool") {
      for (const part of message.content) {
        if (!open.delete(part.id))
          throw wrong(path, `tool result "${part.id}" does not match an open tool call of the preceding message`);
      }
    } else if (message.role !== "system") {
      checkAnswered(open, path);
      open = message.role === "assistant" ? callsOf(message, path) : new Map();
    }
  });
  return open;
}

function checkAnswered(open: ReadonlyMap<string, string>, path: string): void {
  const [first] = open;
  if (first !== undefined)
    throw wrong(
      path,
      `tool call "${first[0]}" (${first[1]}) has no result before this point; add its tool result, or remove the call`,
    );
}

function callsOf({ content }: AssistantMessage, path: string): Map<string, string> {
  const calls = new Map<string, string>();
  if (typeof content === "string") return calls;
  for (const part of content) {
    if (part.type !== "tool-call") continue;
    if (calls.has(part.id)) throw wrong(path, `duplicate tool call id ${shown(part.id)}`);
    calls.set(part.id, part.name);
  }
  return calls;
}

export type Input = string | readonly Message[] | readonly OpenAIMessage[];

/** A message in OpenAI's format, accepted as input. */
export interface OpenAIMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content?: unknown;
  readonly name?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
}
