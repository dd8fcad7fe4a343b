import { append } from "../../core/append.ts";
import type { FinishReason, FlowEvent, TokenLogprob } from "../../core/event.ts";
import type { Json } from "./json.ts";

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Consecutive text or reasoning, ended by its signature. */
export interface WrittenText {
  readonly type: "text" | "reasoning";
  readonly text: string;
  readonly signature?: string;
  readonly redacted?: boolean;
  /** Citations of the same wire format. */
  readonly annotations?: readonly Json[];
}

/** A tool call; a truncated one has no `arguments`. */
export interface WrittenCall {
  readonly type: "call";
  readonly id: string;
  readonly name: string;
  readonly json: string;
  readonly arguments?: unknown;
  readonly signature?: string;
}

/** A block or an item of the same wire format. */
export interface WrittenOther {
  readonly type: "other";
  readonly block: Json;
}

export type WrittenPart = WrittenText | WrittenCall | WrittenOther;

/** One completion of a non-streaming body; parts are in order of their start. */
export class WrittenSample {
  readonly index: number;
  readonly parts: (Writable<WrittenText> | Writable<WrittenCall> | WrittenOther)[] = [];
  /** Fields of the message of the same wire format. */
  fields: Json = {};
  /** Citations of all of its text. */
  readonly annotations: Json[] = [];
  readonly logprobs: TokenLogprob[] = [];
  refusal = "";
  reason: FinishReason = "unknown";
  raw: string | undefined;
  #calls: Map<number, Writable<WrittenCall>> | undefined;
  /** The part whose text goes on. */
  #last: Writable<WrittenText> | undefined;

  constructor(index: number) {
    this.index = index;
  }

  get texts(): readonly WrittenText[] {
    return this.parts.filter((part): part is WrittenText => part.type === "text");
  }

  get reasoning(): readonly WrittenText[] {
    return this.parts.filter((part): part is WrittenText => part.type === "reasoning");
  }

  get calls(): readonly WrittenCall[] {
    return this.parts.filter((part): part is WrittenCall => part.type === "call");
  }

  push(event: FlowEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#open("text").text += event.text;
        break;
      case "reasoning-delta":
        this.#open("reasoning").text += event.text;
        break;
      case "refusal-delta":
        this.refusal += event.text;
        break;
      case "tool-call-start":
        this.#begin(event.index, event.id, event.name);
        break;
      case "tool-call-delta":
        this.#call(event.index).json += event.json;
        break;
      case "tool-call-end":
        Object.assign(this.#call(event.index), { json: event.call.json, arguments: event.call.arguments });
        break;
      case "signature":
        this.#sign(event);
        break;
      case "wire-output":
        if (event.ofMessage === true) this.fields = { ...this.fields, ...event.block };
        else this.#add({ type: "other", block: event.block });
        break;
      case "text-end":
        this.#endText(event.annotations);
        break;
      case "logprobs":
        append(this.logprobs, event.tokens);
        break;
      case "finish":
        this.reason = event.reason;
        this.raw = event.raw;
        break;
      default:
    }
  }

  #open(type: "text" | "reasoning"): Writable<WrittenText> {
    const last = this.#last;
    if (last?.type === type && last.signature === undefined) return last;
    const part: Writable<WrittenText> = { type, text: "" };
    this.#add(part);
    this.#last = part;
    return part;
  }

  #add(part: WrittenSample["parts"][number]): void {
    this.#last = undefined;
    this.parts.push(part);
  }

  #endText(annotations: readonly Json[]): void {
    append(this.annotations, annotations);
    if (this.#last?.type !== "text") return;
    if (annotations.length > 0) this.#last.annotations = annotations;
    this.#last = undefined;
  }

  #begin(index: number, id: string, name: string): void {
    const call: Writable<WrittenCall> = { type: "call", id, name, json: "" };
    this.#calls ??= new Map();
    this.#calls.set(index, call);
    this.#add(call);
  }

  #call(index: number): Writable<WrittenCall> {
    const call = this.#calls?.get(index);
    if (call === undefined) throw new Error(`tool call ${index} did not start`);
    return call;
  }

  #sign(event: Extract<FlowEvent, { type: "signature" }>): void {
    if (event.part === "tool-call") this.#call(event.index).signature = event.signature;
    else if (event.redacted === true)
      this.#add({ type: "reasoning", text: "", signature: event.signature, redacted: true });
    else this.#open(event.part).signature = event.signature;
  }
}

/** The completions of an answer, ordered by index. */
export function samplesOf(events: Iterable<FlowEvent>): readonly WrittenSample[] {
  const samples = new Map<number, WrittenSample>();
  for (const event of events) {
    if (!("sample" in event)) continue;
    const sample = samples.get(event.sample) ?? new WrittenSample(event.sample);
    samples.set(event.sample, sample);
    sample.push(event);
  }
  return [...samples.values()].sort((left, right) => left.index - right.index);
}
