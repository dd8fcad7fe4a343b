import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { own } from "../../core/own.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { FROM_CHUNK, FROM_DETAILS, FROM_TAGS, REASONING_FIELDS } from "../chat-signature.ts";
import type { Said } from "../end-mark.ts";
import { CHAT_FINISHES, chatFailure } from "./finish-reasons.ts";
import { logprobsIn } from "./logprobs.ts";
import { callState, MessageState, reasoningIn } from "./opaque-fields.ts";
import { ThinkTags } from "./think-tags.ts";
import { ToolCallAssembly, type ToolFragment } from "./tool-call-assembly.ts";
import { numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

/** Collects the deltas of one completion. */
export class ChatSample {
  readonly #index: number;
  readonly #target: Target;
  readonly #seed: () => string;
  readonly #deliverInvalid: boolean | undefined;
  /** Made for the first call: most answers have none, and many streams are open at once. */
  #calls: ToolCallAssembly | undefined;
  #rawFinish: string | undefined;
  /** OpenRouter: the finish reason of the upstream provider. */
  #nativeFinish: string | undefined;
  #refused = false;
  #joins = false;
  #reasoningField: string | undefined;
  /** A reasoning field that was empty. */
  #emptyField: string | undefined;
  /** Whether reasoning arrived as text, which the opaque fields repeat. */
  #hasPlainReasoning = false;
  /** Fields of a thinking chunk other than its text. */
  #chunk: Record<string, unknown> = {};
  readonly #state = new MessageState();
  readonly #tags: ThinkTags;
  /** Receives the events of the current text. */
  #out: FlowEvent[] = [];

  constructor(index: number, target: Target, seed: () => string, deliverInvalid?: boolean) {
    this.#index = index;
    this.#target = target;
    this.#seed = seed;
    this.#deliverInvalid = deliverInvalid;
    this.#tags = new ThinkTags(
      target.quirks.thinkTags,
      (thought) => this.#emitReasoning(thought, FROM_TAGS, this.#out),
      (text) => this.#pushText(text, this.#out),
    );
  }

  /** Reads a choice of a chunk (`delta`) or of a complete body (`message`, read as one delta). */
  read(choice: WireObject, out: FlowEvent[]): void {
    const delta = objectIn(choice["delta"]);
    const message = objectIn(choice["message"]);
    out.push(...logprobsIn(objectIn(choice["logprobs"])?.["content"], this.#index));
    if (delta !== undefined) this.#readDelta(delta, false, out);
    else if (message !== undefined) this.#readDelta(message, true, out);
    this.#nativeFinish = textIn(choice["native_finish_reason"]) ?? this.#nativeFinish;
    const finish = textIn(choice["finish_reason"]);
    if (finish === undefined || (this.#joins && !outweighs(finish, this.#rawFinish))) return;
    this.#rawFinish = finish;
  }

  /** Starts another choice of the same answer. */
  join(out: FlowEvent[]): void {
    this.#out = out;
    this.#tags.end();
    this.#calls?.seal();
    this.#joins = true;
  }

  #readDelta(delta: WireObject, whole: boolean, out: FlowEvent[]): void {
    this.#out = out;
    this.#state.add(delta);
    this.#readReasoning(delta, out);
    this.#readContent(delta["content"], out);
    this.#emitText(objectIn(delta["audio"])?.["transcript"], out);
    if (hasOtherOutput(delta)) out.push({ type: "other-output", sample: this.#index });
    const annotations = objectsIn(delta["annotations"]);
    if (annotations.length > 0) out.push({ type: "text-end", wire: "openai", annotations, sample: this.#index });
    const refusal = textIn(delta["refusal"]);
    if (refusal !== undefined) {
      this.#refused = true;
      out.push({ type: "refusal-delta", text: refusal, sample: this.#index });
    }
    this.#readCalls(objectsIn(delta["tool_calls"]), whole, out);
    const legacy = objectIn(delta["function_call"]);
    if (legacy !== undefined && (whole || saysSomething({ function: legacy })))
      this.#readCall(fragmentIn({ index: 0, function: legacy }), out);
  }

  #readCalls(calls: readonly WireObject[], whole: boolean, out: FlowEvent[]): void {
    if (calls.length === 0) return;
    const named = new Set<number | undefined>();
    for (const [position, call] of calls.entries()) {
      if (!whole && !saysSomething(call)) continue;
      const fragment = fragmentIn(call);
      const { index, name } = fragment;
      this.#readCall(whole ? { ...fragment, index: position } : { ...fragment, beside: named.has(index) }, out);
      if (name !== undefined) named.add(index);
    }
  }

  #readReasoning(delta: WireObject, out: FlowEvent[]): void {
    this.#emptyField ??= REASONING_FIELDS.find((field) => delta[field] === "");
    const thought = thoughtIn(delta);
    if (thought === undefined) {
      if (!this.#hasPlainReasoning) this.#emitReasoning(reasoningIn(delta), FROM_DETAILS, out);
      return;
    }
    this.#hasPlainReasoning = true;
    this.#tags.end();
    this.#emitReasoning(thought[1], thought[0], out);
  }

  /** Mistral sends an array of parts, including reasoning. */
  #readContent(content: unknown, out: FlowEvent[]): void {
    if (!Array.isArray(content)) {
      this.#emitText(content, out);
      return;
    }
    for (const part of objectsIn(content)) {
      if (part["type"] === "thinking") this.#readChunk(part, out);
      else this.#emitText(part["text"], out);
    }
  }

  #readChunk({ type: _, thinking, ...extras }: WireObject, out: FlowEvent[]): void {
    this.#emitReasoning(thinkingText(thinking), FROM_CHUNK, out);
    if (this.#reasoningField === FROM_CHUNK) this.#chunk = { ...this.#chunk, ...extras };
  }

  #emitReasoning(text: string, field: string, out: FlowEvent[]): void {
    if (text === "") return;
    this.#emptyField = "";
    this.#reasoningField = field;
    out.push({ type: "reasoning-delta", text, sample: this.#index });
  }

  #emitText(value: unknown, out: FlowEvent[]): void {
    const text = textIn(value);
    if (text === undefined) return;
    this.#out = out;
    this.#tags.add(text);
  }

  #pushText(text: string, out: FlowEvent[]): void {
    this.#closeReasoning(out);
    out.push({ type: "text-delta", text, sample: this.#index });
  }

  /** Signs the reasoning, so that it is sent back only to this provider. */
  #closeReasoning(out: FlowEvent[]): void {
    if (this.#reasoningField === undefined) return;
    const hasExtras = Object.keys(this.#chunk).length > 0;
    this.#signReasoning(hasExtras ? JSON.stringify({ chunk: this.#chunk }) : this.#reasoningField, out);
    this.#reasoningField = undefined;
    this.#chunk = {};
  }

  #signReasoning(signature: string, out: FlowEvent[]): void {
    out.push({ type: "signature", part: "reasoning", signature, sample: this.#index });
  }

  /** Signs the message: its opaque fields, and a reasoning field that was empty. */
  #signMessage(out: FlowEvent[]): void {
    const { signature } = this.#state;
    if (signature !== undefined) this.#signReasoning(signature, out);
    const wanted = this.#target.quirks.reasoningDemand !== undefined;
    if (wanted && this.#emptyField) this.#signReasoning(this.#emptyField, out);
  }

  #readCall(fragment: ToolFragment, out: FlowEvent[]): void {
    this.#tags.end();
    this.#closeReasoning(out);
    this.#calls ??= new ToolCallAssembly(this.#target, this.#index, this.#seed, this.#deliverInvalid);
    this.#calls.add(fragment, out);
  }

  /** Whether a call repeats an earlier one, with the same id or index, name and arguments. */
  repeats(call: WireObject): boolean {
    return this.#calls?.repeats(fragmentIn(call)) ?? false;
  }

  /** Ends the calls and returns the last event of this completion. Throws if it failed. */
  finish(out: FlowEvent[]): FlowEvent {
    this.#out = out;
    const thinking = this.#tags.open;
    this.#tags.end();
    this.#closeReasoning(out);
    const hasCalls = this.#calls !== undefined && this.#calls.size > 0;
    const raw = this.#rawFinish;
    const failure = raw === undefined ? undefined : chatFailure(raw, this.#nativeFinish);
    if (failure !== undefined) throw targetError(this.#target, failure.code, `${failure.words} (finish_reason ${raw})`);
    const reason = this.#reason(hasCalls);
    this.#calls?.end(out, reason === "length");
    this.#signMessage(out);
    if (thinking && reason !== "length") {
      const words = "the answer ended inside its reasoning, before </think>";
      throw targetError(this.#target, "empty_response", words);
    }
    return { type: "finish", reason, ...(raw !== undefined && { raw }), sample: this.#index };
  }

  #reason(hasCalls: boolean): FinishReason {
    const reason = this.#rawFinish === undefined ? "unknown" : (own(CHAT_FINISHES, this.#rawFinish) ?? "unknown");
    if (hasCalls) return reason === "length" ? "length" : "tool-calls";
    if (this.#refused) return "refusal";
    if (reason === "tool-calls") {
      throw targetError(
        this.#target,
        "protocol_error",
        `the answer ended for tool calls (${this.#rawFinish}) but has none`,
      );
    }
    return reason;
  }
}

/** The contents of a choice without its `known` calls; a choice with `text` is a separate answer. */
export function saidIn(choice: WireObject, known?: (call: WireObject) => boolean): Said & { readonly text: boolean } {
  const delta = objectIn(choice["delta"]) ?? objectIn(choice["message"]) ?? {};
  const words = writtenText(delta["content"]);
  const refusal = writtenText(delta["refusal"]);
  const transcript = writtenText(objectIn(delta["audio"])?.["transcript"]);
  const answer = words !== "" || refusal !== "" || transcript !== "" || hasCalls(delta, known);
  const content =
    answer || objectsIn(delta["content"]).some(hasContent) || thoughtIn(delta) !== undefined || hasOtherOutput(delta);
  const finish = textIn(choice["finish_reason"]) !== undefined;
  return { text: !isBlank(words) || !isBlank(refusal) || !isBlank(transcript), answer, content, finish };
}

function isBlank(text: string): boolean {
  return text === "" || text.trim() === "";
}

function hasCalls(delta: WireObject, known: ((call: WireObject) => boolean) | undefined): boolean {
  const { tool_calls, function_call } = delta;
  if (tool_calls === undefined && function_call === undefined) return false;
  const legacy = objectIn(function_call);
  const calls = [...objectsIn(tool_calls), ...(legacy === undefined ? [] : [{ function: legacy }])];
  return calls.some((call) => saysSomething(call) && known?.(call) !== true);
}

/** A choice whose calls all arrived before: only their opaque fields are kept. */
export function withoutRepeatedCalls(choice: WireObject): WireObject {
  const { tool_calls, function_call: _, ...delta } = objectIn(choice["delta"]) ?? objectIn(choice["message"]) ?? {};
  const states = objectsIn(tool_calls).map(({ function: details, custom: __, ...call }) => {
    const { name: ___, arguments: ____, ...state } = objectIn(details) ?? {};
    return { ...call, function: state };
  });
  return { ...choice, message: undefined, delta: { ...delta, tool_calls: states } };
}

/** Some hosts end an answer with call fragments that have only an index. */
function saysSomething(call: WireObject): boolean {
  const { id, name, json, state } = fragmentIn(call);
  return id !== undefined || name !== undefined || json !== "" || Object.keys(state ?? {}).length > 0;
}

function fragmentIn(call: WireObject): ToolFragment {
  const custom = objectIn(call["custom"]);
  const details = objectIn(call["function"]) ?? custom;
  const isCustom = details !== undefined && details === custom;
  return {
    index: numberIn(call["index"]),
    id: textIn(call["id"]),
    name: textIn(details?.["name"]),
    kind: isCustom ? "custom" : "function",
    json: isCustom ? (textIn(custom["input"]) ?? "") : argumentsText(details?.["arguments"]),
    state: callState(call),
  };
}

/** Whether a content part has text or reasoning. */
function hasContent(part: WireObject): boolean {
  if (part["type"] === "thinking") return thinkingText(part["thinking"]) !== "";
  return part["text"] !== "";
}

/** The text of a content, which may be an array of parts. */
function writtenText(content: unknown): string {
  if (typeof content === "string") return content;
  if (content === undefined || content === null) return "";
  return objectsIn(content)
    .map((part) => textIn(part["text"]) ?? "")
    .join("");
}

function thoughtIn(delta: WireObject): readonly [field: string, text: string] | undefined {
  for (const field of REASONING_FIELDS) {
    const text = textIn(delta[field]);
    if (text !== undefined) return [field, text];
  }
  return undefined;
}

/** For several choices of one answer, a failure or a limit takes precedence over a stop. */
function outweighs(finish: string, known: string | undefined): boolean {
  return known === undefined || chatFailure(finish, undefined) !== undefined || own(CHAT_FINISHES, finish) === "length";
}

/** The text of a thinking chunk. */
export function thinkingText(thinking: unknown): string {
  if (typeof thinking === "string") return thinking;
  return objectsIn(thinking)
    .map((part) => textIn(part["text"]) ?? "")
    .join("");
}

/** Audio, and images from hosts with image models. */
function hasOtherOutput(delta: WireObject): boolean {
  return objectIn(delta["audio"])?.["data"] !== undefined || objectsIn(delta["images"]).length > 0;
}

/** Arguments are a JSON string; some servers send the object itself. */
function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return objectIn(value) === undefined ? "" : JSON.stringify(value);
}
