import type { Adjustment, Attempt } from "./attempt.ts";
import type { Cost } from "./cost.ts";
import type { FinishReason, FlowEvent } from "./event.ts";
import type { AssistantMessage, ReasoningPart, TextPart, ToolCallPart } from "./message.ts";
import type { CachedAnswer } from "./notices.ts";
import type { PartialAnswer } from "./partial-answer.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { ToolCall } from "./tool.ts";
import { NO_USAGE, type Usage } from "./usage.ts";

/** A complete answer. `JSON.stringify(reply)` works. `Call` is the type of its tool calls, from the tools of the call. */
export interface Reply<Call extends ToolCall = ToolCall> {
  readonly text: string;
  /** The model's reasoning, if the provider returns it. */
  readonly reasoning?: string;
  /** The model's refusal; `finishReason` is then "refusal". */
  readonly refusal?: string;
  readonly toolCalls: readonly Call[];
  readonly finishReason: FinishReason;
  /** The provider's own value. */
  readonly rawFinishReason: string | undefined;
  /** Tokens of the delivered answer; `attempts` has those of failed attempts. */
  readonly usage: Usage;
  /** Cost of all attempts of the call. */
  readonly cost: Cost;
  /** The entry that answered. */
  readonly model: string;
  readonly provider: string;
  /** The provider's id of the answer. */
  readonly id: string | undefined;
  readonly requestId: string | undefined;
  /** The id of the call, unique across processes and ordered by time; `call` in log lines. */
  readonly callId: string;
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
  readonly attempts: readonly Attempt[];
  readonly adjustments: readonly Adjustment[];
  readonly rateLimit: RateLimit | undefined;
  /** The assistant message for a history: text, reasoning with its signatures, tool calls, in order. */
  readonly message: AssistantMessage;
  /** The provider's response body, or the last events of its stream. */
  readonly raw: unknown;
  /** Only if no request was sent: the answer came from the cache, or from the request of an equal call. */
  readonly cached?: CachedAnswer;
  /** Only with `samples` > 1; the reply's own fields are those of sample 0. */
  readonly samples?: readonly Sample[];
}

export interface Sample {
  readonly text: string;
  readonly reasoning?: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: Usage;
}

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];
type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Collects one sample. */
class SampleFold {
  text = "";
  reasoning = "";
  refusal = "";
  readonly toolCalls: ToolCall[] = [];
  finishReason: FinishReason | undefined;
  rawFinishReason: string | undefined;
  readonly parts: Writable<AssistantPart>[] = [];
  #callParts: Map<number, Writable<ToolCallPart>> | undefined;

  addText(text: string): void {
    this.text += text;
    const last = this.parts.at(-1);
    if (last?.type === "text" && last.signature === undefined) last.text += text;
    else this.parts.push({ type: "text", text });
  }

  addReasoning(text: string): void {
    this.reasoning += text;
    const last = this.parts.at(-1);
    if (last?.type === "reasoning" && last.signature === undefined) last.text += text;
    else this.parts.push({ type: "reasoning", text });
  }

  addCall(index: number, call: ToolCall): void {
    this.toolCalls.push(call);
    const { kind = "function", id, name } = call;
    const part: Writable<ToolCallPart> = {
      type: "tool-call",
      ...(kind !== "function" && { kind }),
      id,
      name,
      arguments: call.arguments,
      ...(call.problem !== undefined && { malformed: call.json.toWellFormed() }),
    };
    this.#callParts ??= new Map();
    this.#callParts.set(index, part);
    this.parts.push(part);
  }

  sign(event: Extract<FlowEvent, { type: "signature" }>, owner: string): void {
    if (event.part === "tool-call") {
      const part = this.#callParts?.get(event.index);
      if (part !== undefined) Object.assign(part, { signature: event.signature, owner });
      return;
    }
    // Redacted reasoning is a part of its own: text before it was not redacted.
    if (event.redacted)
      this.parts.push({ type: "reasoning", text: "", signature: event.signature, owner, redacted: true });
    else Object.assign(this.#openPart(event.part), { signature: event.signature, owner });
  }

  /** The unsigned last part of that type, or a new empty one: a signature may arrive without text. */
  #openPart(kind: "text" | "reasoning"): Writable<TextPart> | Writable<ReasoningPart> {
    const last = this.parts.at(-1);
    if (last?.type === kind && last.signature === undefined) return last;
    const part: Writable<TextPart> | Writable<ReasoningPart> = { type: kind, text: "" };
    this.parts.push(part);
    return part;
  }

  /** Message content: a string if there is only text. */
  content(): AssistantMessage["content"] {
    const [only, second] = this.parts;
    if (only === undefined) return this.refusal;
    if (second === undefined && only.type === "text" && only.signature === undefined) return only.text;
    return this.parts as AssistantPart[];
  }
}

export interface FoldFacts {
  readonly callId: string;
  readonly attempts: readonly Attempt[];
  readonly cost: Cost;
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
  readonly requestId: string | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly raw: unknown;
  readonly cached?: CachedAnswer | undefined;
}

/** Builds the reply from a stream of events, for codegen, object and stream. */
export class ReplyFold {
  readonly #samples: SampleFold[] = [];
  #usage: Usage = NO_USAGE;
  #adjustments: Map<string, Adjustment> | undefined;
  #model = "";
  #provider = "";
  #id: string | undefined;

  push(event: FlowEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#sample(event.sample).addText(event.text);
        break;
      case "reasoning-delta":
        this.#sample(event.sample).addReasoning(event.text);
        break;
      case "refusal-delta":
        this.#sample(event.sample).refusal += event.text;
        break;
      case "tool-call-end":
        this.#sample(event.sample).addCall(event.index, event.call);
        break;
      case "signature":
        this.#sample(event.sample).sign(event, this.#provider);
        break;
      case "finish":
        this.#finish(event);
        break;
      case "usage":
        this.#usage = event.usage;
        break;
      case "adjustment":
        this.#adjust(event.adjustment);
        break;
      case "start":
        this.#start(event);
        break;
      case "response":
        this.#id = event.id ?? this.#id;
        break;
      case "reset":
        this.#reset();
        break;
      default:
    }
  }

  #sample(index: number): SampleFold {
    let sample = this.#samples[index];
    while (sample === undefined) {
      this.#samples.push(new SampleFold());
      sample = this.#samples[index];
    }
    return sample;
  }

  /** A retried attempt repeats its adjustments; each is reported once. */
  #adjust(adjustment: Adjustment): void {
    const key = keyOf(adjustment);
    this.#adjustments ??= new Map();
    if (!this.#adjustments.has(key)) this.#adjustments.set(key, adjustment);
  }

  #finish(event: Extract<FlowEvent, { type: "finish" }>): void {
    const sample = this.#sample(event.sample);
    sample.finishReason = event.reason;
    sample.rawFinishReason = event.raw;
  }

  #reset(): void {
    this.#samples.length = 0;
    this.#usage = NO_USAGE;
    this.#id = undefined;
  }

  /** Adjustments for an earlier target do not apply to the next one, unless it continues the answer. */
  #start(event: Extract<FlowEvent, { type: "start" }>): void {
    this.#model = event.model;
    this.#provider = event.provider;
    this.#id = event.id ?? this.#id;
    if (this.#samples.length === 0) this.#adjustments = undefined;
  }

  /** Finished samples. */
  get finished(): number {
    return this.#samples.filter((sample) => sample.finishReason !== undefined).length;
  }

  get usage(): Usage {
    return this.#usage;
  }

  /** The part that has arrived so far, for an error; `undefined` if nothing has. */
  partial(): PartialAnswer | undefined {
    const [first] = this.#samples;
    if (first === undefined && this.#usage === NO_USAGE) return undefined;
    const { text, reasoning, toolCalls } = first ?? new SampleFold();
    return {
      text,
      reasoning,
      toolCalls,
      ...(this.#usage !== NO_USAGE && { usage: this.#usage }),
      ...(this.#samples.length > 1 && {
        samples: this.#samples.map((sample) => ({
          text: sample.text,
          reasoning: sample.reasoning,
          toolCalls: sample.toolCalls,
        })),
      }),
    };
  }

  /** All samples. The provider reports usage for all together, so sample 0 has it and sums stay correct. */
  samples(): readonly (Sample & { readonly message: AssistantMessage })[] {
    return this.#samples.map((sample, index) => ({
      text: sample.text,
      ...(sample.reasoning !== "" && { reasoning: sample.reasoning }),
      toolCalls: sample.toolCalls,
      finishReason: sample.finishReason ?? "unknown",
      usage: index === 0 ? this.#usage : NO_USAGE,
      message: { role: "assistant", content: sample.content() },
    }));
  }

  reply(facts: FoldFacts): Reply {
    const sample = this.#sample(0);
    return {
      text: sample.text,
      ...(sample.reasoning !== "" && { reasoning: sample.reasoning }),
      ...refusalOf(sample),
      toolCalls: sample.toolCalls,
      finishReason: sample.finishReason ?? "unknown",
      rawFinishReason: sample.rawFinishReason,
      usage: this.#usage,
      cost: facts.cost,
      model: this.#model,
      provider: this.#provider,
      id: this.#id,
      requestId: facts.requestId,
      callId: facts.callId,
      latencyMs: facts.latencyMs,
      firstTokenMs: facts.firstTokenMs,
      attempts: facts.attempts,
      adjustments: [...(this.#adjustments?.values() ?? [])],
      rateLimit: facts.rateLimit,
      message: { role: "assistant", content: sample.content() },
      raw: facts.raw,
      ...(facts.cached && { cached: facts.cached }),
      ...(this.#samples.length > 1 && { samples: this.samples().map(({ message: _, ...plain }) => plain) }),
    };
  }
}

/** A key that is equal for equal adjustments. */
function keyOf({ setting, reason, from }: Adjustment): string {
  try {
    return JSON.stringify([setting, reason, from]);
  } catch {
    // A value from a custom dialect that is not serializable.
    return JSON.stringify([setting, reason]);
  }
}

/** If the provider marks a refusal only by the finish reason, the text of the answer is the refusal. */
function refusalOf({ refusal, text, finishReason }: SampleFold): { readonly refusal?: string } {
  const words = refusal === "" && finishReason === "refusal" ? text : refusal;
  return words === "" ? {} : { refusal: words };
}

/** The events of a stream with this reply, replayed on a cache hit. */
export function unfold(reply: Reply): FlowEvent[] {
  const events: FlowEvent[] = [
    { type: "start", model: reply.model, provider: reply.provider, ...(reply.id !== undefined && { id: reply.id }) },
  ];
  for (const adjustment of reply.adjustments) events.push({ type: "adjustment", adjustment });
  const { content } = reply.message;
  if (reply.refusal !== undefined) events.push({ type: "refusal-delta", text: reply.refusal, sample: 0 });
  if (typeof content === "string") {
    if (reply.text !== "") events.push({ type: "text-delta", text: reply.text, sample: 0 });
  } else {
    let index = 0;
    for (const part of content) index = unfoldPart(part, index, reply.toolCalls, events);
  }
  events.push({ type: "usage", usage: reply.usage });
  events.push({
    type: "finish",
    reason: reply.finishReason,
    ...(reply.rawFinishReason !== undefined && { raw: reply.rawFinishReason }),
    sample: 0,
  });
  return events;
}

function unfoldPart(part: AssistantPart, index: number, calls: readonly ToolCall[], events: FlowEvent[]): number {
  if (part.type === "tool-call") {
    const call = calls[index] ?? {
      kind: part.kind ?? "function",
      id: part.id,
      name: part.name,
      arguments: part.arguments,
      json: JSON.stringify(part.arguments),
    };
    events.push({ type: "tool-call-start", index, id: call.id, name: call.name, sample: 0 });
    events.push({ type: "tool-call-delta", index, json: call.json, sample: 0 });
    events.push({ type: "tool-call-end", index, call, sample: 0 });
    if (part.signature !== undefined)
      events.push({ type: "signature", part: "tool-call", index, signature: part.signature, sample: 0 });
    return index + 1;
  }
  if (part.text !== "")
    events.push({ type: part.type === "text" ? "text-delta" : "reasoning-delta", text: part.text, sample: 0 });
  if (part.signature !== undefined) {
    const redacted = part.type === "reasoning" && part.redacted === true;
    events.push({
      type: "signature",
      part: part.type,
      signature: part.signature,
      ...(redacted && { redacted }),
      sample: 0,
    });
  }
  return index;
}
