import type { AIMessage, BaseMessage, ToolMessage } from "@langchain/core/messages";
import { ModelError } from "../../core/error.ts";
import type { Input } from "../../core/input.ts";
import { invalidInput, kindOf, type Loose } from "../../core/invalid-input.ts";
import type { AssistantMessage, Message, ToolCallPart } from "../../core/message.ts";
import { checkToolCall } from "../../core/tool-arguments.ts";
import { OWN_KEY } from "../reply-facts.ts";

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/**
 * The messages of LangChain; the reader of input checks their parts.
 * @throws ModelError `unsupported` for messages and blocks without a counterpart.
 */
export function messagesOf(messages: readonly BaseMessage[]): Input {
  const answered = new Set(messages.map((message) => (message as Partial<ToolMessage>).tool_call_id));
  return messages.map((message, index) => messageOf(message, `messages[${index}]`, answered)) as readonly Message[];
}

/** Ids of the calls that have a result. */
type Answered = ReadonlySet<string | undefined>;

function messageOf(message: BaseMessage, path: string, answered: Answered): Message {
  const { type } = message;
  switch (type) {
    case "system":
    case "developer":
      return { role: "system", content: contentOf(message, path) } as Message;
    case "human":
      return { role: "user", content: contentOf(message, path) } as Message;
    case "ai":
      return assistantOf(message as AIMessage, path, answered);
    case "tool":
      return { role: "tool", content: [resultOf(message as ToolMessage, path)] } as unknown as Message;
    default: {
      const { role } = message as { readonly role?: string };
      if (type === "generic" && role !== undefined) return { role, content: contentOf(message, path) } as never;
      throw unsupported(path, `a message of type "${type}"`);
    }
  }
}

function resultOf(message: ToolMessage, path: string): Loose {
  const { tool_call_id: id, name, status } = message;
  const content = contentOf(message, path);
  return { type: "tool-result", id, name, content, ...(status === "error" && { error: true }) };
}

function contentOf(message: BaseMessage, path: string): string | readonly Loose[] {
  const content = checkedContent(message, path);
  if (typeof content === "string") return content;
  return content.map((block, index) => blockOf(block, `${path}.content[${index}]`));
}

/** The constructors of LangChain check nothing. */
function checkedContent({ content }: { readonly content: unknown }, path: string): string | readonly Loose[] {
  if (typeof content === "string") return content;
  if (!Array.isArray(content))
    throw invalidInput(`${path}.content`, `expected a string or an array of blocks, got ${kindOf(content)}`);
  const wrong = content.findIndex((block) => typeof block !== "object" || block === null);
  if (wrong >= 0)
    throw invalidInput(`${path}.content[${wrong}]`, `expected a content block, got ${kindOf(content[wrong])}`);
  return content;
}

/** An answer of ours has its parts with their signatures; they count as far as the message still says the same. */
function assistantOf(message: AIMessage, path: string, answered: Answered): AssistantMessage {
  const content = checkedContent(message, path);
  const calls = callsOf(message, path, answered);
  const kept = keptParts(message);
  if (kept !== undefined && textIn(kept) === message.text) {
    const parts = kept.flatMap((part): AssistantPart[] => {
      if (part.type !== "tool-call") return [part];
      const call = calls.find(({ id }) => id === part.id);
      return call === undefined ? [] : [{ ...part, ...call }];
    });
    const isWhole = calls.every(({ id }) => parts.some((part) => part.type === "tool-call" && part.id === id));
    if (isWhole) return { role: "assistant", content: parts };
  }
  const texts = typeof content === "string" ? textPart(content) : ownBlocks(content, path);
  const said = [...reasoningOf(message, texts), ...texts, ...calls.map((call) => ({ type: "tool-call", ...call }))];
  return { role: "assistant", content: said as unknown as AssistantPart[] };
}

type Called = Pick<ToolCallPart, "id" | "name" | "arguments" | "malformed">;

/** Calls that LangChain could not parse are sent if they have a result. */
function callsOf(message: AIMessage, path: string, answered: Answered): readonly Called[] {
  const valid = listAt(message.tool_calls, `${path}.tool_calls`).map(
    ({ id = "", name, args }): Called => ({ id, name, arguments: args }),
  );
  const invalid = listAt(message.invalid_tool_calls, `${path}.invalid_tool_calls`).flatMap(
    ({ id, name = "", args: json = "" }): Called[] => {
      if (id === undefined || !answered.has(id)) return [];
      const checked = checkToolCall({ id, name, json });
      return [
        {
          id,
          name,
          ...("call" in checked ? { arguments: checked.call.arguments } : { arguments: {}, malformed: json }),
        },
      ];
    },
  );
  return [...valid, ...invalid];
}

function listAt<T>(list: readonly T[] | undefined, path: string): readonly T[] {
  for (const [index, call] of (list ?? []).entries())
    if (typeof call !== "object" || call === null)
      throw invalidInput(`${path}[${index}]`, `expected a tool call, got ${kindOf(call)}`);
  return list ?? [];
}

const textPart = (text: string): readonly Loose[] => (text === "" ? [] : [{ type: "text", text }]);

/** Calls are in `tool_calls` too. */
const CALL_BLOCKS = ["tool_call", "tool_use", "tool_call_chunk", "input_json_delta", "invalid_tool_call"];

function ownBlocks(content: readonly Loose[], path: string): readonly Loose[] {
  return content.flatMap((block, index) =>
    CALL_BLOCKS.includes(String(block["type"])) ? [] : [blockOf(block, `${path}.content[${index}]`)],
  );
}

/** Other chat models keep reasoning beside the content. */
function reasoningOf({ additional_kwargs }: AIMessage, parts: readonly Loose[]): readonly Loose[] {
  const text = additional_kwargs?.["reasoning_content"];
  const isNew = typeof text === "string" && text !== "" && !parts.some(({ type }) => type === "reasoning");
  return isNew ? [{ type: "reasoning", text }] : [];
}

function keptParts({ additional_kwargs, response_metadata }: AIMessage): readonly AssistantPart[] | undefined {
  const own = (additional_kwargs?.[OWN_KEY] ?? response_metadata?.[OWN_KEY]) as Loose | undefined;
  const content = own?.["content"];
  const isKept = Array.isArray(content) && content.every((part: Loose | null) => KEPT.includes(String(part?.["type"])));
  return isKept ? (content as AssistantPart[]) : undefined;
}
const KEPT = ["text", "reasoning", "tool-call"];

function textIn(parts: readonly AssistantPart[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** A content block: LangChain's standard blocks, its older data blocks, and those of OpenAI and Anthropic. */
function blockOf(block: Loose, path: string): Loose {
  switch (block["type"]) {
    case "text":
    case "text-plain":
      return { type: "text", text: block["text"], ...(block["cache_control"] !== undefined && { cache: true }) };
    case "reasoning":
    case "thinking":
      return { type: "reasoning", text: block["reasoning"] ?? block["thinking"] ?? "" };
    case "image":
    case "audio":
    case "file":
      return mediaOf(block, block["type"], path);
    case "video":
    case "non_standard":
      throw unsupported(path, `a block of type "${block["type"]}"`);
    default:
      return block;
  }
}

function mediaOf(block: Loose, type: "image" | "audio" | "file", path: string): Loose {
  // Of OpenAI, read with the input.
  if (block[type] !== undefined) return block;
  if (block["source_type"] === "text") return { type: "text", text: block["text"] };
  const source = (block["source"] ?? {}) as Loose;
  const url = block["url"] ?? source["url"];
  const data = bytesOf(block["data"] ?? source["data"]);
  if (url === undefined && data === undefined)
    throw unsupported(path, `a block of type "${type}" without url and data`);
  const mediaType = block["mimeType"] ?? block["mime_type"] ?? source["media_type"];
  const { filename, name } = (block["metadata"] ?? {}) as Loose;
  const title = filename ?? name;
  return {
    type,
    ...(url === undefined ? { data } : { url }),
    ...(mediaType !== undefined && { mediaType }),
    ...(type === "file" && typeof title === "string" && { filename: title }),
  };
}

function bytesOf(data: unknown): unknown {
  return data instanceof Uint8Array ? Buffer.from(data).toString("base64") : data;
}

function unsupported(path: string, what: string): ModelError {
  return new ModelError({ code: "unsupported", message: `${path}: ${what} is not supported; nothing was sent` });
}
