import type { Decoder } from "../../core/dialect.ts";
import type { ModelError } from "../../core/error.ts";
import type { ModelErrorCode } from "../../core/error-codes.ts";
import type { FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import { modelFailureCode } from "../../core/model-failure.ts";
import { own } from "../../core/own.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { parseEvent } from "../wire-error.ts";
import type { Candidate } from "./candidate.ts";
import { type Candidates, SampleCandidates, SoleCandidates } from "./candidates.ts";
import { FAILED_REASONS } from "./finish-reasons.ts";
import type { ToolNames } from "./tool-names.ts";
import { UsageFold } from "./usage.ts";

export interface GenerateDecoderOptions {
  readonly names: ToolNames;
  /** Number of requested answers. */
  readonly samples: number;
  /** See `ModelRequest.deliverInvalidCalls`. */
  readonly deliverInvalid?: boolean | undefined;
}

export function generateDecoder(target: Target, options: GenerateDecoderOptions): Decoder {
  return new GenerateDecoder(target, options);
}

type Tree = Readonly<Record<string, unknown>>;

class GenerateDecoder implements Decoder {
  /** After the last finish reason, only the end of the body is read, so that the connection can be reused. */
  done = false;
  readonly #target: Target;
  readonly #usage = new UsageFold();
  readonly #candidates: Candidates;
  #responseId: string | undefined;
  #announced = false;
  #blocked: string | undefined;

  constructor(target: Target, { names, samples, deliverInvalid }: GenerateDecoderOptions) {
    this.#target = target;
    const failure = (code: ModelErrorCode, words: string) => targetError(this.#target, code, words);
    const idOf = (slot: number, index: number) => callId(this.#responseId, slot, index);
    const context = { idOf, nameOf: (wire: string) => names.original(wire), failure, deliverInvalid };
    this.#candidates = samples > 1 ? new SampleCandidates(samples, context) : new SoleCandidates(context);
  }

  push(data: string, _event: string | undefined, out: FlowEvent[]): void {
    if (data.trim() === "[DONE]") this.done = true;
    else this.#chunks(parseEvent(data, this.#target), out);
  }

  body(json: unknown, out: FlowEvent[]): void {
    this.#chunks(json, out);
    if (this.#candidates.empty && this.#blocked === undefined) {
      throw targetError(this.#target, "protocol_error", "the response has no candidates");
    }
  }

  end(out: FlowEvent[], broken = false): void {
    const answers = this.#candidates.end(out);
    const { serviceTier } = this.#usage;
    if (serviceTier !== undefined) out.push({ type: "response", serviceTier });
    const usage = this.#usage.usage();
    if (usage !== undefined) out.push({ type: "usage", usage });
    if (answers.length === 0 && this.#blocked !== undefined) {
      throw targetError(this.#target, "content_filtered", `the prompt was blocked (${this.#blocked})`);
    }
    if (answers.length === 0 || answers.some((answer) => answer.isOpen(broken))) {
      throw targetError(this.#target, "stream_truncated", "the answer ended without a finish reason");
    }
    for (const part of answers.flatMap(({ parts }) => parts)) this.#refuseFailed(part);
    for (const answer of answers) out.push(answer.finish());
  }

  /** Some gateways send an array of chunks. */
  #chunks(json: unknown, out: FlowEvent[]): void {
    if (Array.isArray(json)) for (const chunk of json) this.#chunk(chunk, out);
    else this.#chunk(json, out);
  }

  #chunk(json: unknown, out: FlowEvent[]): void {
    if (typeof json !== "object" || json === null)
      throw targetError(this.#target, "protocol_error", "the answer is not an object");
    const chunk = json as Tree;
    if (typeof chunk["error"] === "object" && chunk["error"] !== null) throw this.#failure(chunk);
    this.#usage.push(chunk["usageMetadata"]);
    this.#announce(chunk, out);
    const blockReason = (chunk["promptFeedback"] as Tree | undefined)?.["blockReason"];
    if (typeof blockReason === "string") this.#blocked = blockReason;
    const { candidates } = chunk;
    if (!Array.isArray(candidates)) return;
    const read = candidates.filter(isTree);
    for (const candidate of read) this.#usage.pushGrounding(candidate["groundingMetadata"]);
    this.#candidates.read(read, out);
  }

  /** An error inside a stream has the HTTP status in its body. */
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

  #refuseFailed({ finishReason = "", finishMessage }: Candidate): void {
    const code = own(FAILED_REASONS, finishReason) ?? modelFailureCode(finishReason);
    if (code === undefined) return;
    const said = finishMessage === undefined || finishMessage === "" ? undefined : finishMessage;
    // The message quotes a malformed call, but model output belongs only in `partial`.
    const quotes = said !== undefined && code !== "content_filtered";
    const words = `the answer ended with ${finishReason}${said === undefined || quotes ? "" : `: ${said}`}`;
    const partial = quotes ? { text: said, reasoning: "", toolCalls: [] } : undefined;
    throw targetError(this.#target, code, words, { partial });
  }
}

/** Unique in a conversation, and short enough for every wire format that it may be sent to. */
function callId(responseId: string | undefined, sample: number, index: number): string {
  const answer = (responseId ?? "gemini").replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 24);
  return `call_${answer}_${sample > 0 ? `${sample}_` : ""}${index}`;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}
