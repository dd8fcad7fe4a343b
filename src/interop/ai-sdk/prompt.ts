import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
  SharedV4FileData,
  SharedV4Warning,
} from "@ai-sdk/provider";
import { ModelError } from "../../core/error.ts";
import type {
  AssistantMessage,
  ImagePart,
  MediaPart,
  Message,
  TextPart,
  ToolResultPart,
  UserMessage,
} from "../../core/message.ts";
import { keptOf, ownOptions } from "./part-metadata.ts";
import { checkPrompt, jsonAt } from "./prompt-check.ts";

type AssistantContent = Extract<LanguageModelV4Message, { role: "assistant" }>["content"];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];
type UserPart = Exclude<UserMessage["content"], string>[number];

/**
 * The messages of a prompt of the AI SDK. Parts that only another provider understands are left out with a warning.
 * @throws ModelError `invalid_request` for a malformed prompt, `unsupported` for content that would be lost.
 */
export function messagesOf(prompt: LanguageModelV4Prompt, warnings: SharedV4Warning[]): Message[] {
  checkPrompt(prompt);
  const reader = new PromptReader(warnings);
  for (const [index, message] of prompt.entries()) reader.read(message, `prompt[${index}]`);
  return reader.messages;
}

class PromptReader {
  readonly messages: Message[] = [];
  readonly #warnings: SharedV4Warning[];

  constructor(warnings: SharedV4Warning[]) {
    this.#warnings = warnings;
  }

  read(message: LanguageModelV4Message, path: string): void {
    switch (message.role) {
      case "system":
        this.messages.push({ role: "system", content: [{ type: "text", text: message.content, ...cacheOf(message) }] });
        break;
      case "user":
        this.messages.push({ role: "user", content: markedLast(message.content.map(userPart(path)), message) });
        break;
      case "assistant":
        this.#assistant(message.content, path);
        break;
      case "tool":
        for (const part of message.content)
          if (part.type === "tool-result") this.#result(part, path);
          else this.#leftOut("tool-approval-response");
    }
  }

  /** Results of tools that a provider executed are within its answer; here they follow the calls in a message of their own. */
  #assistant(content: AssistantContent, path: string): void {
    let parts: AssistantPart[] = [];
    const flush = () => {
      if (parts.length > 0) this.#push(parts);
      parts = [];
    };
    for (const part of content) {
      if (part.type === "tool-result") {
        flush();
        this.#result(part, path);
      } else if (part.type === "custom") this.#leftOut(part.kind);
      else if (part.type === "file" || part.type === "reasoning-file")
        throw unsupported(`${path}: a file in an answer of the model`);
      else parts.push(assistantPart(part));
    }
    flush();
  }

  /** The OpenAI Agents SDK splits an answer into messages: its reasoning, its calls. */
  #push(content: AssistantPart[]): void {
    const before = this.messages.at(-1);
    if (before?.role === "assistant" && typeof before.content !== "string" && goesOn(before.content))
      this.messages[this.messages.length - 1] = { role: "assistant", content: [...before.content, ...content] };
    else this.messages.push({ role: "assistant", content });
  }

  #result(part: LanguageModelV4ToolResultPart, path: string): void {
    const result: ToolResultPart = {
      type: "tool-result",
      id: part.toolCallId,
      name: part.toolName,
      ...this.#output(part.output, path),
    };
    const before = this.messages.at(-1);
    if (before?.role === "tool")
      this.messages[this.messages.length - 1] = { role: "tool", content: [...before.content, result] };
    else this.messages.push({ role: "tool", content: [result] });
  }

  #output(output: LanguageModelV4ToolResultOutput, path: string): Pick<ToolResultPart, "content" | "error"> {
    switch (output.type) {
      case "text":
        return { content: output.value };
      case "json":
        return { content: jsonAt(output.value, `${path}.output.value`) };
      case "error-text":
        return { content: output.value, error: true };
      case "error-json":
        return { content: jsonAt(output.value, `${path}.output.value`), error: true };
      case "execution-denied":
        return { content: output.reason ?? "The user denied the execution of this tool.", error: true };
      case "content":
        return { content: output.value.flatMap((part) => this.#outputPart(part, path)) };
    }
  }

  #outputPart(
    part: Extract<LanguageModelV4ToolResultOutput, { type: "content" }>["value"][number],
    path: string,
  ): readonly (TextPart | ImagePart)[] {
    if (part.type === "custom") {
      this.#leftOut("a custom part of a tool result");
      return [];
    }
    if (part.type === "text") return [{ type: "text", text: part.text }];
    const media = filePart(part, path);
    if (media.type === "image" || media.type === "text") return [media];
    throw unsupported(`${path}: a file of type ${part.mediaType} in a tool result`);
  }

  #leftOut(feature: string): void {
    this.#warnings.push({ type: "unsupported", feature, details: "only the provider that made it understands it" });
  }
}

/** Whether the next message of the model belongs to the same answer: only reasoning came, or calls without results. */
function goesOn(content: readonly AssistantPart[]): boolean {
  return content.every(({ type }) => type === "reasoning") || content.some(({ type }) => type === "tool-call");
}

function assistantPart(
  part: Exclude<AssistantContent[number], { type: "file" | "custom" | "reasoning-file" | "tool-result" }>,
): AssistantPart {
  const { redacted, kind, ...signed } = keptOf(part.providerOptions);
  if (part.type === "text") return { type: "text", text: part.text, ...signed, ...cacheOf(part) };
  if (part.type === "reasoning")
    return { type: "reasoning", text: part.text, ...signed, ...(redacted && { redacted }) };
  const { toolCallId: id, toolName: name, input } = part;
  return { type: "tool-call", ...(kind && { kind }), id, name, arguments: input ?? {}, ...signed };
}

function userPart(path: string): (part: LanguageModelV4TextPart | LanguageModelV4FilePart) => UserPart {
  return (part) => (part.type === "text" ? { type: "text", text: part.text, ...cacheOf(part) } : filePart(part, path));
}

/** `providerOptions: { modelwright: { cache: true } }` marks the end of a prompt-cache prefix. */
function cacheOf({ providerOptions }: Pick<LanguageModelV4TextPart, "providerOptions">): Pick<TextPart, "cache"> {
  return ownOptions(providerOptions)["cache"] === true ? { cache: true } : {};
}

/** A mark of the message is one of its last text. */
function markedLast(parts: readonly UserPart[], message: Pick<LanguageModelV4TextPart, "providerOptions">): UserPart[] {
  const last = parts.findLastIndex(({ type }) => type === "text");
  const mark = cacheOf(message);
  return parts.map((part, index) => (index === last ? ({ ...part, ...mark } as UserPart) : part));
}

type File = Pick<LanguageModelV4FilePart, "data" | "mediaType" | "filename">;

function filePart({ data, mediaType, filename }: File, path: string): MediaPart | TextPart {
  if (data.type === "text") return { type: "text", text: data.text };
  const source = sourceOf(data, path);
  // A segment alone, or with a wildcard, says only the kind.
  const kind = mediaType.split("/")[0];
  const known = /^[^/]+\/[^*/]+$/.test(mediaType) ? { mediaType } : {};
  if (kind === "image") return { type: "image", ...source, ...known };
  if (kind === "audio") {
    if (source.data === undefined) throw unsupported(`${path}: audio by URL`);
    return { type: "audio", data: source.data, mediaType };
  }
  return { type: "file", ...source, ...known, ...(filename !== undefined && { filename }) };
}

function sourceOf(data: Exclude<SharedV4FileData, { type: "text" }>, path: string): { url?: string; data?: string } {
  switch (data.type) {
    case "url":
      return { url: data.originalUrl ?? data.url.href };
    case "data":
      return { data: typeof data.data === "string" ? data.data : Buffer.from(data.data).toString("base64") };
    default:
      throw unsupported(`${path}: a file by the id that a provider gave it`);
  }
}

function unsupported(what: string): ModelError {
  return new ModelError({ code: "unsupported", message: `${what} is not supported; nothing was sent` });
}
