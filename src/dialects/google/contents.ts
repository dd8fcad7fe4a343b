import type { Content, Part } from "@google/genai";
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
import { textOf } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import type { Report } from "../report.ts";
import { ToolIds } from "../tool-ids.ts";
import { targetError } from "../wire-error.ts";
import { encodeMedia } from "./media.ts";
import type { ToolNames } from "./tool-names.ts";

export interface Conversation {
  readonly system: Part[];
  readonly contents: Content[];
}

interface Turn {
  readonly role: "user" | "model";
  /** Results of tools stand in a content of their own, right behind the calls they answer. */
  readonly kind: "said" | "results";
  readonly parts: Part[];
}

export function encodeContents(
  messages: readonly Message[],
  names: ToolNames,
  target: Target,
  report: Report,
): Conversation {
  const encoder = new ContentsEncoder(names, target, report);
  for (const message of messages) encoder.add(message);
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
  /** The tool of each call, by its id on the wire. */
  readonly #called = new Map<string, string>();

  constructor(names: ToolNames, target: Target, report: Report) {
    this.#names = names;
    this.#target = target;
    this.#report = report;
  }

  add(message: Message): void {
    switch (message.role) {
      case "system": {
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
        this.#append("user", "results", this.#results(message));
        break;
    }
  }

  finish(): Conversation {
    if (this.#turns[0]?.role !== "user" || this.#turns[0].kind !== "said") {
      this.#turns.unshift({ role: "user", kind: "said", parts: [{ text: "." }] });
      this.#report("messages", undefined, ".", "a conversation must begin with a user message");
    }
    for (const [index, turn] of this.#turns.entries()) {
      if (turn.kind === "results") inOrderOfCalls(turn.parts, this.#turns[index - 1]?.parts ?? []);
    }
    if (this.#target.facts.reasoningWire === "level") for (const turn of this.#turns) excuseForeignCalls(turn.parts);
    return { system: this.#system, contents: this.#turns.map(({ role, parts }) => ({ role, parts })) };
  }

  #append(role: Turn["role"], kind: Turn["kind"], parts: Part[]): void {
    if (parts.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.role === role && last.kind === kind) last.parts.push(...parts);
    else this.#turns.push({ role, kind, parts });
  }

  #user({ content }: UserMessage): Part[] {
    if (typeof content === "string") return content === "" ? [] : [{ text: content }];
    return content.flatMap((part) => this.#userPart(part));
  }

  #userPart(part: MessagePart): Part[] {
    if (part.type === "text") return part.text === "" ? [] : [{ text: part.text }];
    return [encodeMedia(part as ImagePart | FilePart | AudioPart, this.#target, this.#report)];
  }

  #assistant({ content }: AssistantMessage): Part[] {
    if (typeof content === "string") return content === "" ? [] : [{ text: content }];
    return content.flatMap((part) => this.#assistantPart(part));
  }

  #assistantPart(part: AssistantPart): Part[] {
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
        return [{ functionCall: { id, name, args: argumentsOf(part.arguments) }, ...signature }];
      }
    }
  }

  /** Signatures go back byte for byte on the very part they came with, and only to the provider that issued them. */
  #signature({ signature, owner }: Signed): { thoughtSignature?: string } {
    return signature !== undefined && owner === this.#target.provider ? { thoughtSignature: signature } : {};
  }

  #results({ content }: ToolMessage): Part[] {
    return content.flatMap((part) => this.#result(part));
  }

  #result(part: ToolResultPart): Part[] {
    const id = this.#ids.result(part.id);
    const name = id === undefined ? undefined : this.#called.get(id);
    if (id === undefined || name === undefined) {
      throw targetError(this.#target, "invalid_request", `the tool result "${part.id}" answers no tool call before it`);
    }
    const response = { [part.error === true ? "error" : "output"]: textOf(part.content) };
    const images = typeof part.content === "string" ? [] : part.content.filter((item) => item.type === "image");
    return [
      { functionResponse: { id, name, response } },
      ...images.map((image) => encodeMedia(image, this.#target, this.#report)),
    ];
  }
}

/** Sorts results in place, each with the images that follow it. */
function inOrderOfCalls(results: Part[], calls: readonly Part[]): void {
  const order = calls.flatMap((part) => part.functionCall?.id ?? []);
  const groups: Part[][] = [];
  for (const part of results) {
    if (part.functionResponse !== undefined || groups.length === 0) groups.push([part]);
    else groups.at(-1)?.push(part);
  }
  const place = ([first]: readonly Part[]) => order.indexOf(first?.functionResponse?.id ?? "");
  groups.sort((left, right) => place(left) - place(right));
  results.splice(0, results.length, ...groups.flat());
}

/**
 * Gemini 3 refuses calls without its signature, and calls of another model have none; this is the documented word for
 * them. Only where no call of the turn is signed: beside a signed one the others are legal as they are.
 * https://ai.google.dev/gemini-api/docs/thought-signatures
 */
function excuseForeignCalls(parts: Part[]): void {
  const calls = parts.filter((part) => part.functionCall !== undefined);
  const [first] = calls;
  if (first !== undefined && calls.every((part) => part.thoughtSignature === undefined)) {
    first.thoughtSignature = "skip_thought_signature_validator";
  }
}

function argumentsOf(value: unknown): Record<string, unknown> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : value === undefined || value === null ? {} : { value };
}
