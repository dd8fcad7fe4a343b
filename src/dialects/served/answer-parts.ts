import type { FinishReason, FlowEvent, TokenLogprob } from "../../core/event.ts";

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Consecutive text or reasoning, ended by its signature. */
export interface WrittenText {
  readonly type: "text" | "reasoning";
  readonly text: string;
  readonly signature?: string;
  readonly redacted?: boolean;
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

/** One completion of a non-streaming body; parts are in order of their start. */
export class WrittenSample {
  readonly index: number;
  readonly parts: (Writable<WrittenText> | Writable<WrittenCall>)[] = [];
  readonly logprobs: TokenLogprob[] = [];
  refusal = "";
  reason: FinishReason = "unknown";
  raw: string | undefined;
  readonly #calls = new Map<number, Writable<WrittenCall>>();

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
      case "logprobs":
        this.logprobs.push(...event.tokens);
        break;
      case "finish":
        this.reason = event.reason;
        this.raw = event.raw;
        break;
      default:
    }
  }

  #open(type: "text" | "reasoning"): Writable<WrittenText> {
    const last = this.parts.at(-1);
    if (last?.type === type && last.signature === undefined) return last;
    const part: Writable<WrittenText> = { type, text: "" };
    this.parts.push(part);
    return part;
  }

  #begin(index: number, id: string, name: string): void {
    const call: Writable<WrittenCall> = { type: "call", id, name, json: "" };
    this.#calls.set(index, call);
    this.parts.push(call);
  }

  #call(index: number): Writable<WrittenCall> {
    const call = this.#calls.get(index);
    if (call === undefined) throw new Error(`tool call ${index} did not start`);
    return call;
  }

  #sign(event: Extract<FlowEvent, { type: "signature" }>): void {
    if (event.part === "tool-call") this.#call(event.index).signature = event.signature;
    else if (event.redacted === true)
      this.parts.push({ type: "reasoning", text: "", signature: event.signature, redacted: true });
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
