import type { Decoder } from "../../core/dialect.ts";
import { ModelError } from "../../core/error.ts";
import type { ModelErrorCode } from "../../core/error-codes.ts";
import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import { modelFailureCode } from "../../core/model-failure.ts";
import { own } from "../../core/own.ts";
import type { Target } from "../../core/target.ts";
import { parseEvent, targetError } from "../wire-error.ts";
import { Candidate, type CandidateContext } from "./candidate.ts";
import type { ToolNames } from "./tool-names.ts";
import { UsageFold } from "./usage.ts";

export function generateDecoder(target: Target, names: ToolNames): Decoder {
  return new GenerateDecoder(target, names);
}

type Tree = Readonly<Record<string, unknown>>;

const FINISH: Readonly<Record<string, FinishReason>> = { STOP: "stop", MAX_TOKENS: "length" };

/** Ends that are no answers. */
const FAILED: Readonly<Record<string, ModelErrorCode>> = {
  SAFETY: "content_filtered",
  RECITATION: "content_filtered",
  LANGUAGE: "content_filtered",
  BLOCKLIST: "content_filtered",
  PROHIBITED_CONTENT: "content_filtered",
  SPII: "content_filtered",
  IMAGE_SAFETY: "content_filtered",
  IMAGE_PROHIBITED_CONTENT: "content_filtered",
  IMAGE_RECITATION: "content_filtered",
  MALFORMED_FUNCTION_CALL: "invalid_tool_call",
  UNEXPECTED_TOOL_CALL: "invalid_tool_call",
  TOO_MANY_TOOL_CALLS: "invalid_tool_call",
  MALFORMED_RESPONSE: "protocol_error",
};

class GenerateDecoder implements Decoder {
  /** Nothing follows the last finish reason but the end of the body, which frees the connection for the next request. */
  readonly done = false;
  readonly #target: Target;
  readonly #names: ToolNames;
  readonly #usage = new UsageFold();
  readonly #candidates = new Map<number, Candidate>();
  readonly #context: CandidateContext;
  #responseId: string | undefined;
  #announced = false;
  #blocked: string | undefined;

  constructor(target: Target, names: ToolNames) {
    this.#target = target;
    this.#names = names;
    this.#context = {
      idOf: (sample, index) => callId(this.#responseId, sample, index),
      nameOf: (wire) => this.#names.original(wire),
      broken: (words) => targetError(this.#target, "invalid_tool_call", words),
    };
  }

  push(data: string, _event: string | undefined, out: FlowEvent[]): void {
    if (data === "[DONE]") return;
    this.#chunks(parseEvent(data, this.#target), out);
  }

  body(json: unknown, out: FlowEvent[]): void {
    this.#chunks(json, out);
    if (this.#candidates.size === 0 && this.#blocked === undefined) {
      throw targetError(this.#target, "protocol_error", "the answer has no candidates");
    }
  }

  end(out: FlowEvent[]): void {
    const { serviceTier } = this.#usage;
    if (serviceTier !== undefined) out.push({ type: "response", serviceTier });
    const usage = this.#usage.usage();
    if (usage !== undefined) out.push({ type: "usage", usage });
    if (this.#candidates.size === 0 && this.#blocked !== undefined) {
      throw targetError(this.#target, "content_filtered", `the prompt was blocked (${this.#blocked})`);
    }
    const candidates = [...this.#candidates].sort(([left], [right]) => left - right);
    if (candidates.length === 0 || candidates.some(([, candidate]) => candidate.finishReason === undefined)) {
      throw targetError(this.#target, "stream_truncated", "the answer ended without a finish reason");
    }
    for (const [, candidate] of candidates) this.#refuseFailed(candidate);
    for (const [sample, { finishReason: raw = "", calls }] of candidates) {
      out.push({ type: "finish", reason: finishOf(raw, calls), raw, sample });
    }
  }

  /** Some gateways answer with an array of chunks. */
  #chunks(json: unknown, out: FlowEvent[]): void {
    if (Array.isArray(json)) for (const chunk of json) this.#chunk(chunk, out);
    else this.#chunk(json, out);
  }

  #chunk(json: unknown, out: FlowEvent[]): void {
    if (typeof json !== "object" || json === null)
      throw targetError(this.#target, "protocol_error", "the answer is no object");
    const chunk = json as Tree;
    if (typeof chunk["error"] === "object" && chunk["error"] !== null) throw this.#failure(chunk);
    this.#usage.push(chunk["usageMetadata"]);
    this.#announce(chunk, out);
    const blockReason = (chunk["promptFeedback"] as Tree | undefined)?.["blockReason"];
    if (typeof blockReason === "string") this.#blocked = blockReason;
    const { candidates } = chunk;
    for (const [position, candidate] of (Array.isArray(candidates) ? (candidates as Tree[]) : []).entries()) {
      this.#usage.pushGrounding(candidate["groundingMetadata"]);
      this.#candidate(candidate, position).push(candidate, out);
    }
  }

  /** An error inside a stream has its HTTP status in the body. */
  #failure(chunk: Tree): ModelError {
    return modelErrorOf({ status: undefined, body: chunk }, this.#target);
  }

  #announce(chunk: Tree, out: FlowEvent[]): void {
    const { responseId, modelVersion } = chunk;
    if (this.#announced || (typeof responseId !== "string" && typeof modelVersion !== "string")) return;
    this.#announced = true;
    if (typeof responseId === "string") this.#responseId = responseId;
    out.push({
      type: "response",
      ...(typeof responseId === "string" && { id: responseId }),
      ...(typeof modelVersion === "string" && { servedModel: modelVersion }),
    });
  }

  #candidate({ index }: Tree, position: number): Candidate {
    const sample = typeof index === "number" ? index : position;
    let candidate = this.#candidates.get(sample);
    if (candidate === undefined) {
      candidate = new Candidate(sample, this.#context);
      this.#candidates.set(sample, candidate);
    }
    return candidate;
  }

  #refuseFailed({ finishReason = "", finishMessage }: Candidate): void {
    const code = own(FAILED, finishReason) ?? modelFailureCode(finishReason);
    if (code === undefined) return;
    const { provider, modelId, entry } = this.#target;
    const said = finishMessage === undefined || finishMessage === "" ? undefined : finishMessage;
    // A malformed call is quoted in the message, and what the model wrote stands in `partial` only.
    const quotes = said !== undefined && code !== "content_filtered";
    throw new ModelError({
      code,
      message: `${provider} (${modelId}): the answer ended with ${finishReason}${said === undefined || quotes ? "" : `: ${said}`}`,
      provider,
      model: entry,
      ...(quotes && { partial: { text: said, reasoning: "", toolCalls: [] } }),
    });
  }
}

/** A call in the answer decides: Gemini says STOP beside it, others say words of their own. */
function finishOf(raw: string, calls: number): FinishReason {
  const reason = own(FINISH, raw) ?? "unknown";
  return reason !== "length" && calls > 0 ? "tool-calls" : reason;
}

/** Unique over the turns of a conversation, and short enough for every wire it may be sent back on. */
function callId(responseId: string | undefined, sample: number, index: number): string {
  const answer = (responseId ?? "gemini").replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 24);
  return `call_${answer}_${sample > 0 ? `${sample}_` : ""}${index}`;
}
