import type { ToolKind } from "./tool.ts";

/** One message of a conversation. Messages in OpenAI's format are accepted wherever a Message is. */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export interface SystemMessage {
  readonly role: "system";
  readonly content: string | readonly TextPart[];
}
export interface UserMessage {
  readonly role: "user";
  readonly content: string | readonly (TextPart | ImagePart | FilePart | AudioPart)[];
}
export interface AssistantMessage {
  readonly role: "assistant";
  readonly content: string | readonly (TextPart | ReasoningPart | ToolCallPart)[];
}
export interface ToolMessage {
  readonly role: "tool";
  readonly content: readonly ToolResultPart[];
}

export type MediaPart = ImagePart | FilePart | AudioPart;
export type Part = TextPart | ImagePart | FilePart | AudioPart | ReasoningPart | ToolCallPart | ToolResultPart;

/** Opaque provider data bound to a part: sent back unchanged to `owner`, never to another provider. */
export interface Signed {
  readonly signature?: string;
  /** The provider that issued the signature. */
  readonly owner?: string;
}

export interface TextPart extends Signed {
  readonly type: "text";
  readonly text: string;
  /** Marks the end of a prompt-cache prefix, for providers that need markers. */
  readonly cache?: boolean;
}
export interface ImagePart extends Signed {
  readonly type: "image";
  readonly url?: string;
  /** Base64. */
  readonly data?: string;
  readonly mediaType?: string;
  readonly detail?: "auto" | "low" | "high";
}
export interface FilePart extends Signed {
  readonly type: "file";
  readonly url?: string;
  /** Base64. */
  readonly data?: string;
  readonly mediaType?: string;
  readonly filename?: string;
}
export interface AudioPart extends Signed {
  readonly type: "audio";
  /** Base64. */
  readonly data: string;
  readonly mediaType: string;
}
/** The model's reasoning. `redacted` parts have only a signature. */
export interface ReasoningPart extends Signed {
  readonly type: "reasoning";
  readonly text: string;
  readonly redacted?: boolean;
}
export interface ToolCallPart extends Signed {
  readonly type: "tool-call";
  /** Absent: a function call. */
  readonly kind?: ToolKind;
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  /** The text that the model wrote instead of arguments; `arguments` is then `{}`, and providers are sent that. */
  readonly malformed?: string;
}
export interface ToolResultPart extends Signed {
  readonly type: "tool-result";
  /** The id of the tool call. */
  readonly id: string;
  /** Tool name. Default: that of the call. */
  readonly name?: string;
  readonly content: string | readonly (TextPart | ImagePart)[];
  readonly error?: boolean;
}

/** The text of a message: its text parts, joined. */
export function textOf(content: Message["content"]): string {
  if (typeof content === "string") return content;
  let text = "";
  for (const part of content) if (part.type === "text") text += part.text;
  return text;
}

/** A message of `messages` in a model entry, as written in models.toml. */
export interface EntryMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content: string | readonly Readonly<Record<string, unknown>>[];
  readonly tool_calls?: readonly Readonly<Record<string, unknown>>[];
  readonly tool_call_id?: string;
}
