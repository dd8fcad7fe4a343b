import type { Call } from "../core/call.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { type FlowEvent, isContent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import type { PartialAnswer } from "../core/partial-answer.ts";
import { targetError } from "../core/target-error.ts";
import type { Usage } from "../core/usage.ts";
import { AnswerContent } from "./answer-content.ts";
import { LoopGuard, NOTHING } from "./loop-guard.ts";
import { StopCutter } from "./stop-cutter.ts";
import { tokenStripper } from "./token-stripper.ts";

/**
 * Checks the model's output: endless repetition, leaked special tokens, an end without an answer. These are failures of the
 * attempt, so this layer is below retry, and below the meter, which records them like any other failure.
 */
export const outputGuard: Layer = async function* (call, next) {
  const guard = new OutputGuard(call);
  try {
    for await (const batch of next(call)) {
      yield guard.check(batch);
      if (guard.verdict !== undefined) throw guard.verdict;
      if (guard.done) return;
    }
  } catch (error) {
    // The partial arguments of a call are known here, because decoders emit them as they arrive.
    if (isModelError(error, "invalid_tool_call")) error.partial ??= guard.partial();
    throw error;
  }
};

class OutputGuard {
  verdict: ModelError | undefined;
  readonly #call: Call;
  /** Whether this is a continuation; the layer above has the complete text. */
  readonly #continues: boolean;
  readonly #stripper: ReturnType<typeof tokenStripper>;
  readonly #cutter: StopCutter | undefined;
  readonly #loops: LoopGuard;
  readonly #content = new AnswerContent();

  constructor(call: Call) {
    this.#call = call;
    this.#continues = call.record.delivered?.canContinue === true;
    this.#stripper = tokenStripper(call.input.stripTokens ?? call.target.policy.stripTokens);
    const { cutAt } = call.request;
    this.#cutter = cutAt === undefined ? undefined : new StopCutter(cutAt);
    this.#loops = new LoopGuard(call, this.#cutter);
  }

  /** Whether every sample has ended, at least one of them locally, so that the rest is not read. */
  get done(): boolean {
    return this.#loops.endedOne && this.#content.finished >= this.#call.request.samples;
  }

  /** The events to deliver. Events before the failing one are delivered, for `partial`. */
  check(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    const passed = this.#call.target.policy.repeatedChunkLimit > 0 ? this.#loops.pass(batch) : batch;
    const stripped = this.#stripper === undefined ? passed : this.#stripper.pass(passed);
    const out = this.#cutter === undefined ? stripped : this.#cutter.pass(stripped);
    for (let index = 0; index < out.length; index++) {
      this.#see(out[index] as FlowEvent);
      if (this.verdict !== undefined) return out.slice(0, index);
    }
    const loop = this.#loops.verdict;
    if (loop !== undefined) this.verdict = this.#failure("degenerate_output", loop, { partial: this.partial() });
    return out;
  }

  /** The delivered part of the answer. */
  partial(): PartialAnswer {
    const samples = this.#loops.partials();
    const [first = NOTHING] = samples;
    if (this.#continues) return { ...first, text: "" };
    const { usage } = this.#content;
    const counted = { ...first, ...(usage !== undefined && { usage }) };
    return samples.length > 1 ? { ...counted, samples } : counted;
  }

  #see(event: FlowEvent): void {
    this.#content.note(event);
    if (event.type === "finish") this.#finish(event);
    else if (isContent(event)) this.#loops.note(event);
  }

  #finish(event: Extract<FlowEvent, { type: "finish" }>): void {
    if (event.sample !== 0 || this.#content.hasAnswer) return;
    if (event.reason === "length") this.verdict = this.#cutShort();
    else if (this.#isEmpty(event))
      this.verdict = this.#failure("empty_response", "the answer ended with neither text nor tool call");
  }

  /** A model may add nothing to tool results or to delivered text, and a paused turn continues later. */
  #isEmpty({ reason, raw }: Extract<FlowEvent, { type: "finish" }>): boolean {
    if (this.#content.hasOtherOutput || raw === "pause_turn") return false;
    if (reason === "stop") return !this.#continues && !this.#followsResults();
    return reason === "unknown";
  }

  #followsResults(): boolean {
    return this.#call.request.messages.findLast(({ role }) => role !== "system")?.role === "tool";
  }

  /** Nothing complete arrived before the token limit, so a retry would not help. */
  #cutShort(): ModelError {
    const { begunCall, usage } = this.#content;
    const more = { shouldRetry: false, partial: this.partial() };
    if (begunCall === undefined) return this.#failure("empty_response", lengthWords(usage), more);
    const words = `the token limit truncated the tool call ${JSON.stringify(begunCall)}; raise max_new_tokens`;
    return this.#failure("invalid_tool_call", words, more);
  }

  #failure(
    code: ModelErrorCode,
    words: string,
    more?: { readonly shouldRetry?: boolean; readonly partial?: PartialAnswer },
  ): ModelError {
    return targetError(this.#call.target, code, words, more);
  }
}

function lengthWords(usage: Usage | undefined): string {
  const thinking = usage?.reasoning ?? 0;
  const output = usage?.estimated === false ? usage.output : 0;
  return thinking > 0
    ? `${thinking} of ${output} output tokens were used for reasoning; raise max_new_tokens or lower reasoning_effort`
    : "the token limit was reached before any text; raise max_new_tokens";
}
