import type {
  AssistantMessage,
  AudioPart,
  FilePart,
  ImagePart,
  Message,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserMessage,
} from "../../../core/message.ts";
import { own as ownOf } from "../../../core/own.ts";
import { FROM_CHUNK, REASONING_FIELDS } from "../../chat-signature.ts";
import type { Fields } from "../../served/fields.ts";
import { asObject } from "../../served/json.ts";
import type { OwnWire } from "../../served/own-wire.ts";
import { parseArguments } from "../../served/tool-input.ts";
import { thinkingText } from "../chat-sample.ts";
import { audioType } from "../media.ts";
import { callState, MessageState } from "../opaque-fields.ts";
import { readDetail, readFile, readImage } from "./read-media.ts";

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

const ROLES = ["system", "developer", "user", "assistant", "tool"] as const;

export interface ChatContext {
  /** Issued the reasoning and the opaque fields. */
  readonly owner: string;
  readonly own: OwnWire;
}

/** One message of a chat completions body. */
export function readChatMessage(message: Fields, context: ChatContext): Message {
  const read = readMessage(message, context);
  const fields = read.role === "tool" ? undefined : context.own.messageFields(message, OF_MESSAGES);
  if (fields === undefined) return read;
  const { content } = read;
  const parts = typeof content === "string" ? textParts(content) : content;
  return { ...read, content: [...parts, fields] } as Message;
}

/** Fields of messages that other wire formats do not have. */
const OF_MESSAGES = ["name", "audio", "function_call"];

function readMessage(message: Fields, { owner, own }: ChatContext): Message {
  switch (message.oneOf("role", ROLES)) {
    case "system":
    case "developer":
      return { role: "system", content: readTexts(message, own) };
    case "user":
      return { role: "user", content: readContent(message, (part) => readUserPart(part, own)) };
    case "assistant":
      return { role: "assistant", content: readAssistant(message, { owner, own }) };
    case "tool":
      return { role: "tool", content: [own.part(message, readResult, CACHE_MARKS)] };
    default:
      message.refuse("Missing required parameter.", "role");
  }
}

function readContent<Part>(message: Fields, read: (part: Fields) => Part): string | readonly Part[] {
  return (
    message.ifString("content") ?? message.objects("content")?.map(read) ?? message.refuse("Field required.", "content")
  );
}

function readTexts(message: Fields, own?: OwnWire): string | readonly TextPart[] {
  const read = (part: Fields) => {
    part.oneOf("type", ["text"]);
    return readText(part);
  };
  return readContent(message, (part) => (own === undefined ? read(part) : own.part(part, read, CACHE_MARKS)));
}

/** The cache marker of OpenAI, and the one of compatible hosts. */
const CACHE_MARKS = ["prompt_cache_breakpoint", "cache_control"];

/** The marker stays unread, so that the same wire format gets it as it is. */
function readText(part: Fields): TextPart {
  const isMarked = CACHE_MARKS.some((name) => part.has(name));
  return { type: "text", text: part.string("text") ?? "", ...(isMarked && { cache: true }) };
}

const USER_PARTS: Readonly<Record<string, (part: Fields) => UserPart>> = {
  text: readText,
  image_url: readImageUrl,
  input_audio: readAudio,
  file: readFileData,
};

function readUserPart(part: Fields, own: OwnWire): UserPart {
  const type = part.string("type") ?? "text";
  const read = ownOf(USER_PARTS, type);
  if (read === undefined) return own.block(part);
  // A file that OpenAI stores.
  if (type === "file" && asObject(part.sent.file)?.file_id !== undefined) return own.block(part, "refused");
  return own.part(part, read, CACHE_MARKS);
}

function readImageUrl(part: Fields): ImagePart {
  const source = part.object("image_url");
  const url = source?.string("url") ?? part.refuse("Missing required parameter.", "image_url.url");
  return { ...readImage(url), ...readDetail(source) };
}

function readAudio(part: Fields): AudioPart {
  const audio = part.object("input_audio");
  const data = audio?.string("data") ?? part.refuse("Missing required parameter.", "input_audio.data");
  return { type: "audio", data, mediaType: audioType(audio?.string("format") ?? "wav") };
}

function readFileData(part: Fields): FilePart {
  const file = part.object("file");
  return file === undefined ? part.refuse("Missing required parameter.", "file") : readFile(file);
}

/** Parts are in the order of a reply: reasoning, text, calls, then the opaque fields of the message. */
function readAssistant(message: Fields, { owner, own }: ChatContext): AssistantMessage["content"] {
  const fields = message.remaining();
  const reasoning = REASONING_FIELDS.flatMap((signature) => {
    const text = message.string(signature) ?? "";
    return text === "" ? [] : [{ type: "reasoning" as const, text, signature, owner }];
  });
  const said =
    message.ifString("content") ??
    message.objects("content")?.map((part) => own.part(part, () => readAnswerPart(part, owner), CACHE_MARKS)) ??
    "";
  const calls = (message.objects("tool_calls") ?? []).map((call) => readCall(call, owner));
  const state = stateOf(message, fields, owner);
  const refusal = message.string("refusal") ?? "";
  if (typeof said === "string" && reasoning.length + calls.length + state.length === 0)
    return said === "" ? refusal : said;
  const content: readonly AssistantPart[] = typeof said === "string" ? textParts(said) : said;
  return [...reasoning, ...content, ...textParts(refusal), ...calls, ...state];
}

function textParts(text: string): readonly TextPart[] {
  return text === "" ? [] : [{ type: "text", text }];
}

function readAnswerPart(part: Fields, owner: string): AssistantPart {
  switch (part.oneOf("type", ["text", "refusal", "thinking"])) {
    case "refusal":
      return { type: "text", text: part.string("refusal") ?? "" };
    case "thinking":
      return readThinking(part, owner);
    default:
      return readText(part);
  }
}

function readThinking(part: Fields, owner: string): ReasoningPart {
  const text = thinkingText(part.take("thinking"));
  const extras = part.takeAll();
  const signature = Object.keys(extras).length === 0 ? FROM_CHUNK : JSON.stringify({ chunk: extras });
  return { type: "reasoning", text, signature, owner };
}

/** Opaque fields that the host expects back with the message. */
function stateOf(message: Fields, fields: Readonly<Record<string, unknown>>, owner: string): readonly ReasoningPart[] {
  const state = new MessageState();
  state.add(fields);
  for (const name of state.names) message.take(name);
  const { signature } = state;
  return signature === undefined ? [] : [{ type: "reasoning", text: "", signature, owner }];
}

function readCall(call: Fields, owner: string): ToolCallPart {
  const state = callState(call.remaining());
  const id = call.string("id") ?? call.refuse("Missing required parameter.", "id");
  const kind = call.oneOf("type", ["function", "custom"]) ?? "function";
  const details = call.object(kind) ?? call.refuse("Missing required parameter.", kind);
  const name = details.string("name") ?? details.refuse("Missing required parameter.", "name");
  for (const field of Object.keys(state)) if (field !== "function") call.take(field);
  if ("function" in state) details.take("provider_specific_fields");
  const signed = Object.keys(state).length === 0 ? {} : { signature: JSON.stringify(state), owner };
  if (kind === "custom")
    return { type: "tool-call", kind, id, name, arguments: { input: details.string("input") ?? "" } };
  return { type: "tool-call", id, name, arguments: parseArguments(details), ...signed };
}

function readResult(message: Fields): ToolResultPart {
  const id = message.string("tool_call_id") ?? message.refuse("Missing required parameter.", "tool_call_id");
  const name = message.string("name");
  return { type: "tool-result", id, ...(name !== undefined && { name }), content: readTexts(message) };
}
