import type { Anthropic } from "@anthropic-ai/sdk";
import { append } from "../../core/append.ts";
import type {
  AssistantMessage,
  Message,
  Signed,
  SystemMessage,
  TextPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "../../core/message.ts";
import { blockFor } from "../../core/same-wire.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { isChatSignature } from "../chat-signature.ts";
import { reportForeignState, reportUnsigned } from "../foreign-state.ts";
import { IMAGE_FOLLOWS, movedImages } from "../moved-image.ts";
import { type Report, reportMovedSystem } from "../report.ts";
import { ToolIds } from "../tool-ids.ts";
import {
  type Block,
  encodeFile,
  encodeImage,
  encodeReasoning,
  encodeText,
  encodeToolResult,
  messagesRefusal,
} from "./content.ts";

export interface Turn {
  readonly role: "user" | "assistant";
  readonly content: Block[];
}

export interface Conversation {
  readonly system: Anthropic.TextBlockParam[];
  readonly turns: Turn[];
  /** Blocks of parts with `cache: true`. */
  readonly marked: ReadonlySet<object>;
}

/**
 * Encodes a history in the order that the API requires: separate instructions, a user message first, alternating roles, every
 * tool call answered in the next message, no empty text. Merging loses nothing: blocks are only moved next to each other.
 */
export function encodeMessages(messages: readonly Message[], target: Target, report: Report): Conversation {
  reportForeignState(messages, target, (signature) => !isChatSignature(signature), report);
  reportUnsigned(messages, target, report);
  const encoder = new MessageEncoder(target, report);
  for (const [index, message] of messages.entries()) encoder.add(message, index);
  return encoder.finish();
}

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

class MessageEncoder {
  readonly #target: Target;
  readonly #report: Report;
  readonly #ids = new ToolIds();
  readonly #system: Anthropic.TextBlockParam[] = [];
  readonly #turns: Turn[] = [];
  readonly #marked = new Set<object>();

  constructor(target: Target, report: Report) {
    this.#target = target;
    this.#report = report;
  }

  add(message: Message, index: number): void {
    switch (message.role) {
      case "system":
        this.#addSystem(message, index);
        break;
      case "user":
        this.#append("user", this.#user(message));
        break;
      case "assistant":
        this.#append("assistant", this.#assistant(message));
        break;
      case "tool":
        this.#append("user", this.#results(message, index));
        break;
    }
  }

  finish(): Conversation {
    const turns = this.#turns;
    this.#trimLast();
    if (turns[0]?.role !== "user") {
      turns.unshift({ role: "user", content: [{ type: "text", text: "." }] });
      this.#report("messages", undefined, ".", "a conversation must begin with a user message");
    }
    for (const [index, turn] of turns.entries()) this.#checkAnswers(turn, turns[index + 1]);
    return { system: this.#system, turns, marked: this.#marked };
  }

  #append(role: Turn["role"], content: Block[]): void {
    if (content.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.role === role) append(last.content, content);
    else this.#turns.push({ role, content });
  }

  #text(text: string, cache?: boolean): Anthropic.TextBlockParam[] {
    const block = encodeText(text);
    if (block === undefined) return [];
    if (cache === true) this.#marked.add(block);
    return [block];
  }

  #addSystem({ content }: SystemMessage, index: number): void {
    if (this.#turns.length > 0) reportMovedSystem(index, this.#report);
    const parts: readonly Omit<TextPart, "type">[] = typeof content === "string" ? [{ text: content }] : content;
    for (const part of parts)
      this.#system.push(...(this.#asReceived<Anthropic.TextBlockParam>(part) ?? this.#text(part.text, part.cache)));
  }

  /** A block of this wire format that a part does not express. */
  #asReceived<Received extends Block>(part: Signed & { readonly cache?: boolean }): Received[] | undefined {
    const block = blockFor(part, this.#target.dialect) as Received | undefined;
    if (block !== undefined && part.cache === true) this.#marked.add(block);
    return block && [block];
  }

  #user({ content }: UserMessage): Block[] {
    if (typeof content === "string") return this.#text(content);
    return content.flatMap((part) => this.#asReceived(part) ?? this.#userPart(part));
  }

  #userPart(part: UserPart): Block[] {
    switch (part.type) {
      case "text":
        return this.#text(part.text, part.cache);
      case "image":
        return [encodeImage(part, this.#target, this.#report)];
      case "file":
        return [encodeFile(part, this.#target)];
      case "audio":
        throw targetError(this.#target, "unsupported", `${messagesRefusal(part)}; nothing was sent`);
    }
  }

  #assistant({ content }: AssistantMessage): Block[] {
    if (typeof content === "string") return this.#text(content);
    return content.flatMap((part) => {
      const received = this.#asReceived<Block>(part);
      if (received === undefined) return this.#assistantPart(part);
      // Results refer to it.
      if (part.type === "tool-call")
        for (const block of received) Object.assign(block, { id: this.#ids.call(part.id) });
      return received;
    });
  }

  #assistantPart(part: AssistantPart): Block[] {
    switch (part.type) {
      case "text":
        return this.#text(part.text, part.cache);
      case "reasoning":
        return [encodeReasoning(part, this.#target) ?? []].flat();
      case "tool-call":
        return [{ type: "tool_use", id: this.#ids.call(part.id), name: part.name, input: part.arguments ?? {} }];
    }
  }

  #results({ content }: ToolMessage, index: number): Block[] {
    return content.flatMap((part) => {
      const id = this.#ids.result(part.id);
      if (id === undefined) throw this.#unpaired(`the tool result "${part.id}" does not match an earlier tool call`);
      const block = blockFor(part, this.#target.dialect);
      if (block !== undefined) return [{ ...block, tool_use_id: id } as Anthropic.ToolResultBlockParam];
      if (part.error !== true) return [encodeToolResult(part, id, this.#target, this.#report)];
      return this.#failedResult(part, id, index);
    });
  }

  /** The API rejects images in a failed result; they are moved behind the results of the message. */
  #failedResult(part: ToolResultPart, id: string, index: number): Block[] {
    const reason = "the messages wire supports only text in a failed tool result";
    const moved = movedImages(part, index, reason, this.#report);
    const images = moved.flatMap(({ caption, image }): Block[] => [
      { type: "text", text: caption },
      encodeImage(image, this.#target, this.#report),
    ]);
    const texts = typeof part.content === "string" ? part.content : part.content.filter((item) => item.type === "text");
    const content = texts.length === 0 && moved.length > 0 ? IMAGE_FOLLOWS : texts;
    return [encodeToolResult({ ...part, content }, id, this.#target, this.#report), ...images];
  }

  /** The API continues a last assistant message and rejects whitespace at its end. */
  #trimLast(): void {
    const last = this.#turns.at(-1);
    const block = last?.content.at(-1);
    // A block may be as its client sent it.
    if (last?.role !== "assistant" || block?.type !== "text" || typeof block.text !== "string") return;
    const text = block.text.trimEnd();
    if (text === block.text) return;
    last.content[last.content.length - 1] = { ...block, text };
    const removed = block.text.slice(text.length);
    this.#report("messages", removed, undefined, "trailing whitespace of a last assistant message is rejected");
  }

  /** Moves the results of a message to its start, in the order of their calls. */
  #checkAnswers(turn: Turn, next: Turn | undefined): void {
    const calls = turn.content.filter((block) => block.type === "tool_use");
    if (calls.length === 0) return;
    const results = new Map<string, Block>();
    for (const block of next?.content ?? []) if (block.type === "tool_result") results.set(block.tool_use_id, block);
    const open = calls.find((call) => !results.has(call.id));
    if (open !== undefined) throw this.#unpaired(`the tool call "${open.id}" has no result in the message after it`);
    if (next === undefined) return;
    const rest = next.content.filter((block) => block.type !== "tool_result");
    const ordered = calls.flatMap((call) => results.get(call.id) ?? []);
    next.content.splice(0, next.content.length, ...ordered, ...rest);
  }

  #unpaired(words: string) {
    return targetError(this.#target, "invalid_request", words);
  }
}
