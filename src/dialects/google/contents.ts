import type { Content, FunctionResponsePart, Part } from "@google/genai";
import { append } from "../../core/append.ts";
import type {
  AssistantMessage,
  AudioPart,
  FilePart,
  ImagePart,
  Message,
  Part as MessagePart,
  Signed,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "../../core/message.ts";
import { blockFor, signedBlock } from "../../core/same-wire.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { isChatSignature } from "../chat-signature.ts";
import { reportForeignState, reportUnsigned } from "../foreign-state.ts";
import { IMAGE_FOLLOWS, type MovedImage, movedImage } from "../moved-image.ts";
import { type Report, reportMovedSystem } from "../report.ts";
import { resultText } from "../result-text.ts";
import { ToolIds } from "../tool-ids.ts";
import { encodeMedia } from "./media.ts";
import type { ToolNames } from "./tool-names.ts";

export interface Conversation {
  readonly system: Part[];
  readonly contents: Content[];
}

interface Turn {
  readonly role: "user" | "model";
  /** Tool results are a separate content, directly after their calls. */
  readonly kind: "said" | "results";
  readonly parts: Part[];
}

export function encodeContents(
  messages: readonly Message[],
  names: ToolNames,
  target: Target,
  report: Report,
): Conversation {
  reportForeignState(messages, target, (signature) => !isChatSignature(signature), report);
  reportUnsigned(messages, target, report);
  const encoder = new ContentsEncoder(names, target, report);
  for (const [index, message] of messages.entries()) encoder.add(message, index);
  return encoder.finish();
}

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

class ContentsEncoder {
  readonly #names: ToolNames;
  readonly #target: Target;
  readonly #report: Report;
  readonly #system: Part[] = [];
  readonly #turns: Turn[] = [];
  readonly #ids = new ToolIds();
  /** The tool of each call, by wire id. */
  readonly #called = new Map<string, string>();
  readonly #moved: MovedImage[] = [];

  constructor(names: ToolNames, target: Target, report: Report) {
    this.#names = names;
    this.#target = target;
    this.#report = report;
  }

  add(message: Message, index: number): void {
    if (message.role === "user" || message.role === "assistant") this.#showMoved();
    switch (message.role) {
      case "system": {
        if (this.#turns.length > 0) reportMovedSystem(index, this.#report);
        const texts =
          typeof message.content === "string" ? [message.content] : message.content.map((part) => part.text);
        for (const text of texts) if (text !== "") this.#system.push({ text });
        break;
      }
      case "user":
        this.#append("user", "said", this.#user(message));
        break;
      case "assistant":
        this.#append("model", "said", this.#assistant(message));
        break;
      case "tool":
        this.#append("user", "results", this.#results(message, index));
        break;
    }
  }

  finish(): Conversation {
    this.#showMoved();
    if (this.#turns[0]?.role !== "user" || this.#turns[0].kind !== "said") {
      this.#turns.unshift({ role: "user", kind: "said", parts: [{ text: "." }] });
      this.#report("messages", undefined, ".", "a conversation must begin with a user message");
    }
    for (const [index, turn] of this.#turns.entries()) {
      if (turn.kind === "results") inOrderOfCalls(turn.parts, this.#turns[index - 1]?.parts ?? []);
    }
    if (this.#target.facts.reasoningWire === "level") for (const turn of this.#turns) excuseForeignCalls(turn.parts);
    return { system: this.#system, contents: this.#turns.map(({ role, parts }) => ({ parts, role })) };
  }

  /** Images that are not supported in a result are moved to a user message after all results. */
  #showMoved(): void {
    const moved = this.#moved.splice(0);
    const parts = moved.flatMap(({ caption, image }) => [
      { text: caption },
      encodeMedia(image, this.#target, this.#report),
    ]);
    this.#append("user", "said", parts);
  }

  #append(role: Turn["role"], kind: Turn["kind"], parts: Part[]): void {
    if (parts.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.role === role && last.kind === kind) append(last.parts, parts);
    else this.#turns.push({ role, kind, parts });
  }

  #user({ content }: UserMessage): Part[] {
    if (typeof content === "string") return content === "" ? [] : [{ text: content }];
    return content.flatMap((part) => this.#userPart(part));
  }

  #userPart(part: MessagePart): Part[] {
    const block = blockFor(part, this.#target.dialect);
    if (block !== undefined) return [block];
    if (part.type === "text") return part.text === "" ? [] : [{ text: part.text }];
    return [encodeMedia(part as ImagePart | FilePart | AudioPart, this.#target, this.#report)];
  }

  #assistant({ content }: AssistantMessage): Part[] {
    if (typeof content === "string") return content === "" ? [] : [{ text: content }];
    return content.flatMap((part) => this.#assistantPart(part));
  }

  #assistantPart(part: AssistantPart): Part[] {
    const block = blockFor(part, this.#target.dialect);
    if (block !== undefined && part.type !== "tool-call") return [block];
    const signature = this.#signature(part);
    const signed = signature.thoughtSignature !== undefined;
    switch (part.type) {
      case "text":
        return part.text === "" && !signed ? [] : [{ text: part.text, ...signature }];
      case "reasoning":
        return signed ? [{ text: part.text, thought: true, ...signature }] : [];
      case "tool-call": {
        const name = this.#names.wire(part.name);
        const id = this.#ids.call(part.id);
        this.#called.set(id, name);
        return [block ?? { functionCall: { args: argumentsOf(part.arguments), id, name }, ...signature }];
      }
    }
  }

  /** Signatures are sent back unchanged, on the same part, and only to the provider that issued them. */
  #signature({ signature, owner }: Signed): { thoughtSignature?: string } {
    const isOwn =
      signature !== undefined &&
      owner === this.#target.provider &&
      !isChatSignature(signature) &&
      signedBlock(signature) === undefined;
    return isOwn ? { thoughtSignature: signature } : {};
  }

  #results({ content }: ToolMessage, index: number): Part[] {
    return content.map((part) => this.#result(part, index));
  }

  #result(part: ToolResultPart, index: number): Part {
    const id = this.#ids.result(part.id);
    const name = id === undefined ? undefined : this.#called.get(id);
    if (id === undefined || name === undefined) {
      throw targetError(
        this.#target,
        "invalid_request",
        `the tool result "${part.id}" does not match an earlier tool call`,
      );
    }
    const block = blockFor(part, this.#target.dialect);
    if (block !== undefined) return block;
    const parts = this.#resultMedia({ ...part, name }, index);
    const text = resultText(part);
    const hasMoved = text === "" && parts.length === 0 && typeof part.content !== "string" && part.content.length > 0;
    const response = { [part.error === true ? "error" : "output"]: hasMoved ? IMAGE_FOLLOWS : text };
    return { functionResponse: { id, name, response, ...(parts.length > 0 && { parts }) } };
  }

  /**
   * Gemini 3 supports media in a function response, URLs only on Vertex AI; earlier models reject it.
   * https://ai.google.dev/gemini-api/docs/function-calling#multimodal
   */
  #resultMedia(part: ToolResultPart, index: number): FunctionResponsePart[] {
    if (typeof part.content === "string") return [];
    const { facts, address, modelId } = this.#target;
    const placed: FunctionResponsePart[] = [];
    for (const image of part.content.filter((item) => item.type === "image")) {
      const byUrl = image.data === undefined && image.url?.startsWith("data:") !== true;
      if (facts.toolResultMedia === true && (!byUrl || address.vertexProject !== undefined)) {
        placed.push(encodeMedia(image, this.#target, this.#report));
        continue;
      }
      const reason =
        facts.toolResultMedia === true
          ? "the Gemini API does not support URLs in tool results"
          : `${modelId} is not known to support images in tool results`;
      this.#moved.push(movedImage(part, image, index, reason, this.#report));
    }
    return placed;
  }
}

/** Sorts results in place. */
function inOrderOfCalls(results: Part[], calls: readonly Part[]): void {
  const order = calls.flatMap((part) => part.functionCall?.id ?? []);
  const place = (part: Part) => order.indexOf(part.functionResponse?.id ?? "");
  results.sort((left, right) => place(left) - place(right));
}

/** Stands for the signature of a call that another model made. */
export const FOREIGN_CALL = "skip_thought_signature_validator";

/**
 * Gemini 3 rejects calls without its signature, which calls of another model lack; this is the documented placeholder. Only
 * if no call of the message is signed: next to a signed call, others need none.
 * https://ai.google.dev/gemini-api/docs/thought-signatures
 */
function excuseForeignCalls(parts: Part[]): void {
  const calls = parts.filter((part) => part.functionCall !== undefined);
  const [first] = calls;
  if (first !== undefined && calls.every((part) => part.thoughtSignature === undefined)) {
    first.thoughtSignature = FOREIGN_CALL;
  }
}

function argumentsOf(value: unknown): Record<string, unknown> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : value === undefined || value === null ? {} : { value };
}
