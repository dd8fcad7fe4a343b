import type { Call } from "../core/call.ts";
import { isModelError, type ModelError, type PartialAnswer } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { type FlowEvent, isContent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";
import type { Usage } from "../core/usage.ts";
import { AnswerContent } from "./answer-content.ts";
import { LoopGuard, NOTHING } from "./loop-guard.ts";
import { StopCutter } from "./stop-cutter.ts";
import { tokenStripper } from "./token-stripper.ts";

/**
 * Verdicts on what the model says: endless repetition, special tokens that leak into text, an end without an answer.
 * They are failures of the attempt, so this sits below retry and, so that they are accounted like any other, below the meter.
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
    // What a call had of its arguments is known here: decoders pass it on as it comes.
    if (isModelError(error, "invalid_tool_call")) error.partial ??= guard.partial();
    throw error;
  }
};

class OutputGuard {
  verdict: ModelError | undefined;
  readonly #call: Call;
  /** This is the rest of an answer that goes on; its text as a whole is known above. */
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

  /** Every sample has ended, at least one of them on this side: what still comes is not read. */
  get done(): boolean {
    return this.#loops.endedOne && this.#content.finished >= this.#call.request.samples;
  }

  /** The events that may pass. What stood before the one that fell is delivered: it is what `partial` has. */
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

  /** What was delivered. */
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

  /** A model may have nothing to add to tool results or to text that was delivered; a paused turn goes on later. */
  #isEmpty({ reason, raw }: Extract<FlowEvent, { type: "finish" }>): boolean {
    if (this.#content.hasOtherOutput || raw === "pause_turn") return false;
    if (reason === "stop") return !this.#continues && !this.#followsResults();
    return reason === "unknown";
  }

  #followsResults(): boolean {
    return this.#call.request.messages.findLast(({ role }) => role !== "system")?.role === "tool";
  }

  /** Nothing whole came before the limit, and nothing would the next time. */
  #cutShort(): ModelError {
    const { begunCall, usage } = this.#content;
    const more = { shouldRetry: false, partial: this.partial() };
    if (begunCall === undefined) return this.#failure("empty_response", lengthWords(usage), more);
    const words = `the token limit cut the call of ${JSON.stringify(begunCall)}: raise max_new_tokens`;
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
    ? `${thinking} of ${output} output tokens went to thinking: raise max_new_tokens or lower reasoning_effort`
    : "the token limit was reached before any text: raise max_new_tokens";
}
