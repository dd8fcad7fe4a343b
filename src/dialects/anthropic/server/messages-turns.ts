import type {
  AssistantMessage,
  FilePart,
  ImagePart,
  Message,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserMessage,
} from "../../../core/message.ts";
import { outsideSignature } from "../../../core/same-wire.ts";
import type { Fields } from "../../served/fields.ts";
import { asObject } from "../../served/json.ts";
import { markOf } from "../../served/marks.ts";
import type { OwnWire } from "../../served/own-wire.ts";
import type { CacheMarks } from "./cache-marks.ts";
import { MESSAGES_MARKS } from "./messages-marks.ts";

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

export interface TurnContext {
  /** The provider that issued the reasoning. */
  readonly owner: string;
  readonly marks: CacheMarks;
  readonly own: OwnWire;
}

const ROLES = ["user", "assistant", "system"] as const;

/** Reads one message of the body; tool results become a separate message. */
export function readTurn(message: Fields, context: TurnContext): readonly Message[] {
  const role = message.oneOf("role", ROLES) ?? message.refuse("Field required", "role");
  const text = message.ifString("content");
  if (text !== undefined) return [{ role, content: text }];
  const blocks = message.objects("content") ?? message.refuse("Field required", "content");
  switch (role) {
    case "system":
      return [{ role, content: blocks.map((block) => readSystemBlock(block, context)) }];
    case "assistant":
      return [{ role, content: blocks.map((block) => readAnswerBlock(block, context)) }];
    case "user":
      return readUserBlocks(blocks, context);
  }
}

export function readSystem(body: Fields, context: TurnContext): readonly Message[] {
  const text = body.ifString("system");
  if (text !== undefined) return [{ role: "system", content: text }];
  const blocks = body.objects("system") ?? [];
  return blocks.length === 0
    ? []
    : [{ role: "system", content: blocks.map((block) => readSystemBlock(block, context)) }];
}

/** The first system block of Claude Code. It differs between requests and means nothing to other wire formats. */
const BILLING_HEADER = "x-anthropic-billing-header";

function readSystemBlock(block: Fields, context: TurnContext): TextPart {
  const { text } = block.sent;
  if (typeof text === "string" && text.startsWith(BILLING_HEADER)) return context.own.block(block, "unreported");
  return context.own.part(block, (fields) => readText(fields, context));
}

function readText(block: Fields, { marks }: TurnContext): TextPart {
  block.oneOf("type", ["text"]);
  const cache = marks.take(block);
  return { type: "text", text: block.string("text") ?? "", ...(cache && { cache }) };
}

/** Tool results come before the other content of the user. */
function readUserBlocks(blocks: readonly Fields[], context: TurnContext): readonly Message[] {
  const results: ToolResultPart[] = [];
  const parts: UserPart[] = [];
  for (const block of blocks) {
    if (block.remaining().type === "tool_result") results.push(readResult(block, context));
    else parts.push(readUserBlock(block, context));
  }
  return [
    ...(results.length > 0 ? [{ role: "tool" as const, content: results }] : []),
    ...(parts.length > 0 ? [{ role: "user" as const, content: parts }] : []),
  ];
}

/** Sources that every wire format has; others refer to what Anthropic stores, or nest blocks. */
const SOURCES: readonly unknown[] = ["base64", "url", "text"];

function readUserBlock(block: Fields, context: TurnContext): UserPart {
  const { own } = context;
  const { type, source } = block.sent;
  if (isOwn(block)) return own.block(block);
  const isMedia = type === "image" || type === "document";
  if (isMedia && !SOURCES.includes(asObject(source)?.type)) return own.block(block, "refused");
  return own.part<UserPart>(block, () => {
    if (type === "image") return readImage(block, context);
    return type === "document" ? readDocument(block, context) : readText(block, context);
  });
}

/** Whether only this wire format has blocks of this type. */
function isOwn({ sent }: Fields): boolean {
  return typeof sent.type === "string" && markOf(MESSAGES_MARKS.content, sent.type) === "same wire";
}

function readImage(block: Fields, { marks }: TurnContext): ImagePart {
  block.take("type");
  marks.takePoint(block);
  const source = block.object("source") ?? block.refuse("Field required", "source");
  if (source.oneOf("type", ["base64", "url"]) === "url") return { type: "image", url: source.string("url") ?? "" };
  return { type: "image", ...readData(source) };
}

/** A document whose source is text becomes a plain-text file. */
function readDocument(block: Fields, { marks }: TurnContext): FilePart {
  block.take("type");
  marks.takePoint(block);
  const filename = block.string("title");
  const named = filename === undefined ? {} : { filename };
  const source = block.object("source") ?? block.refuse("Field required", "source");
  switch (source.oneOf("type", ["base64", "url", "text"])) {
    case "url":
      return { type: "file", url: source.string("url") ?? "", ...named };
    case "text": {
      const mediaType = source.string("media_type") ?? "text/plain";
      return { type: "file", data: Buffer.from(source.string("data") ?? "").toString("base64"), mediaType, ...named };
    }
    default:
      return { type: "file", ...readData(source), ...named };
  }
}

function readData(source: Fields): { readonly data: string; readonly mediaType: string } {
  const mediaType = source.string("media_type") ?? source.refuse("Field required", "media_type");
  return { data: source.string("data") ?? source.refuse("Field required", "data"), mediaType };
}

function readAnswerBlock(block: Fields, context: TurnContext): AssistantPart {
  const { own } = context;
  switch (block.sent.type) {
    case "thinking":
    case "redacted_thinking":
      return readThinking(block, context);
    case "tool_use":
      return own.part(block, () => readCall(block, context));
    default:
      return isOwn(block) ? own.block(block) : own.part(block, () => readText(block, context));
  }
}

function readThinking(block: Fields, { owner }: TurnContext): ReasoningPart {
  if (block.string("type") === "redacted_thinking")
    return {
      type: "reasoning",
      text: "",
      signature: outsideSignature(block.string("data") ?? ""),
      redacted: true,
      owner,
    };
  const signature = outsideSignature(block.string("signature") ?? "");
  const signed = signature === "" ? {} : { signature, owner };
  return { type: "reasoning", text: block.string("thinking") ?? "", ...signed };
}

function readCall(block: Fields, { marks }: TurnContext): ToolCallPart {
  block.take("type");
  if (asObject(block.sent.caller)?.type === "direct") block.take("caller");
  marks.takePoint(block);
  return {
    type: "tool-call",
    id: block.string("id") ?? block.refuse("Field required", "id"),
    name: block.string("name") ?? block.refuse("Field required", "name"),
    arguments: block.json("input") ?? {},
  };
}

function readResult(block: Fields, context: TurnContext): ToolResultPart {
  return context.own.part<ToolResultPart>(block, () => {
    block.take("type");
    context.marks.takePoint(block);
    const id = block.string("tool_use_id") ?? block.refuse("Field required", "tool_use_id");
    const text = block.ifString("content");
    const parts = block.objects("content")?.flatMap((part) => readResultPart(part, context)) ?? [];
    const error = block.boolean("is_error") === true;
    return { type: "tool-result", id, content: text ?? (parts.length === 0 ? "" : parts), ...(error && { error }) };
  });
}

/** A block of another type stays unread, so that the complete result is kept for its own wire format. */
function readResultPart(part: Fields, context: TurnContext): readonly (TextPart | ImagePart)[] {
  switch (part.sent.type) {
    case "image":
      return SOURCES.includes(asObject(part.sent.source)?.type) ? [readImage(part, context)] : [];
    case "text":
      return [readText(part, context)];
    default:
      return [];
  }
}
