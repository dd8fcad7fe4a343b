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

/** One message of the body; a user turn with results of tools is several. */
export function readTurn(message: Fields, context: TurnContext): readonly Message[] {
  const role = message.word("role", ROLES) ?? message.refuse("Field required", "role");
  const text = message.string("content");
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
  const text = body.string("system");
  if (text !== undefined) return [{ role: "system", content: text }];
  const blocks = body.objects("system") ?? [];
  return blocks.length === 0 ? [] : [{ role: "system", content: blocks.map((block) => readText(block, context)) }];
}

function readText(block: Fields, { marks }: TurnContext): TextPart {
  block.word("type", ["text"]);
  const cache = marks.take(block);
  return { type: "text", text: block.text("text") ?? "", ...(cache && { cache }) };
}

/** Results of tools stand in front of what the user says. */
function readUserBlocks(blocks: readonly Fields[], context: TurnContext): readonly Message[] {
  const results: ToolResultPart[] = [];
  const parts: UserPart[] = [];
  for (const block of blocks) {
    if (block.peek().type === "tool_result") results.push(readResult(block, context));
    else parts.push(readUserBlock(block, context));
  }
  return [
    ...(results.length > 0 ? [{ role: "tool" as const, content: results }] : []),
    ...(parts.length > 0 ? [{ role: "user" as const, content: parts }] : []),
  ];
}

function readUserBlock(block: Fields, context: TurnContext): UserPart {
  switch (block.peek().type) {
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
  marks.takeAway(block);
  const source = block.object("source") ?? block.refuse("Field required", "source");
  if (source.word("type", ["base64", "url"]) === "url") return { type: "image", url: source.text("url") ?? "" };
  return { type: "image", ...readData(source) };
}

/** A text is a file of plain text. */
function readDocument(block: Fields, { marks }: TurnContext): FilePart {
  block.take("type");
  marks.takeAway(block);
  const filename = block.text("title");
  const named = filename === undefined ? {} : { filename };
  const source = block.object("source") ?? block.refuse("Field required", "source");
  switch (source.word("type", ["base64", "url", "text"])) {
    case "url":
      return { type: "file", url: source.text("url") ?? "", ...named };
    case "text": {
      const mediaType = source.text("media_type") ?? "text/plain";
      return { type: "file", data: Buffer.from(source.text("data") ?? "").toString("base64"), mediaType, ...named };
    }
    default:
      return { type: "file", ...readData(source), ...named };
  }
}

function readData(source: Fields): { readonly data: string; readonly mediaType: string } {
  const mediaType = source.text("media_type") ?? source.refuse("Field required", "media_type");
  return { data: source.text("data") ?? source.refuse("Field required", "data"), mediaType };
}

function readAnswerBlock(block: Fields, context: TurnContext): AssistantPart {
  switch (block.peek().type) {
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
  if (block.text("type") === "redacted_thinking")
    return { type: "reasoning", text: "", signature: block.text("data") ?? "", redacted: true, owner };
  const signature = block.text("signature") ?? "";
  const signed = signature === "" ? {} : { signature, owner };
  return { type: "reasoning", text: block.text("thinking") ?? "", ...signed };
}

function readCall(block: Fields, { marks }: TurnContext): ToolCallPart {
  block.take("type");
  marks.takeAway(block);
  return {
    type: "tool-call",
    id: block.text("id") ?? block.refuse("Field required", "id"),
    name: block.text("name") ?? block.refuse("Field required", "name"),
    arguments: block.json("input") ?? {},
  };
}

function readResult(block: Fields, context: TurnContext): ToolResultPart {
  block.take("type");
  context.marks.takeAway(block);
  return {
    type: "tool-result",
    id: block.text("tool_use_id") ?? block.refuse("Field required", "tool_use_id"),
    content: block.string("content") ?? block.objects("content")?.map((part) => readResultPart(part, context)) ?? "",
    ...(block.flag("is_error") === true && { error: true }),
  };
}

function readResultPart(part: Fields, context: TurnContext): TextPart | ImagePart {
  return part.peek().type === "image" ? readImage(part, context) : readText(part, context);
}
