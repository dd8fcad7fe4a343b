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
import type { Fields } from "../../served/fields.ts";
import type { CacheMarks } from "./cache-marks.ts";

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

export interface TurnContext {
  /** The provider that issued the reasoning. */
  readonly owner: string;
  readonly marks: CacheMarks;
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
      return [{ role, content: blocks.map((block) => readText(block, context)) }];
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
  return blocks.length === 0 ? [] : [{ role: "system", content: blocks.map((block) => readText(block, context)) }];
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

function readUserBlock(block: Fields, context: TurnContext): UserPart {
  switch (block.remaining().type) {
    case "image":
      return readImage(block, context);
    case "document":
      return readDocument(block, context);
    default:
      return readText(block, context);
  }
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
  switch (block.remaining().type) {
    case "thinking":
    case "redacted_thinking":
      return readThinking(block, context);
    case "tool_use":
      return readCall(block, context);
    default:
      return readText(block, context);
  }
}

function readThinking(block: Fields, { owner }: TurnContext): ReasoningPart {
  if (block.string("type") === "redacted_thinking")
    return { type: "reasoning", text: "", signature: block.string("data") ?? "", redacted: true, owner };
  const signature = block.string("signature") ?? "";
  const signed = signature === "" ? {} : { signature, owner };
  return { type: "reasoning", text: block.string("thinking") ?? "", ...signed };
}

function readCall(block: Fields, { marks }: TurnContext): ToolCallPart {
  block.take("type");
  marks.takePoint(block);
  return {
    type: "tool-call",
    id: block.string("id") ?? block.refuse("Field required", "id"),
    name: block.string("name") ?? block.refuse("Field required", "name"),
    arguments: block.json("input") ?? {},
  };
}

function readResult(block: Fields, context: TurnContext): ToolResultPart {
  block.take("type");
  context.marks.takePoint(block);
  return {
    type: "tool-result",
    id: block.string("tool_use_id") ?? block.refuse("Field required", "tool_use_id"),
    content: block.ifString("content") ?? block.objects("content")?.map((part) => readResultPart(part, context)) ?? "",
    ...(block.boolean("is_error") === true && { error: true }),
  };
}

function readResultPart(part: Fields, context: TurnContext): TextPart | ImagePart {
  return part.remaining().type === "image" ? readImage(part, context) : readText(part, context);
}
