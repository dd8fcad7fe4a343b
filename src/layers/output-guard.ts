import type { Call } from "../core/call.ts";
import { ModelError, type ModelErrorCode } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import type { Usage } from "../core/usage.ts";
import { StopCutter, TokenStripper } from "./held-text.ts";

/**
 * Verdicts on what the model says: endless repetition, special tokens that leak into text, an end without an answer.
 * They are failures of the attempt, so this sits below retry and, so that they are accounted like any other, below the meter.
 */
export const outputGuard: Layer = async function* (call, next) {
  const guard = new OutputGuard(call);
  for await (const batch of next(call)) {
    yield guard.check(batch);
    if (guard.verdict !== undefined) throw guard.verdict;
  }
};

class OutputGuard {
  verdict: ModelError | undefined;
  readonly #call: Call;
  readonly #stripper: TokenStripper | undefined;
  readonly #cutter: StopCutter | undefined;
  readonly #repeats = new Map<number, { readonly text: string; readonly times: number }>();
  #sawAnswer = false;
  #usage: Usage | undefined;

  constructor(call: Call) {
    this.#call = call;
    const stripTokens = call.input.stripTokens ?? call.target.policy.stripTokens;
    this.#stripper = stripTokens.length > 0 ? new TokenStripper(stripTokens) : undefined;
    const { cutAt } = call.request;
    this.#cutter = cutAt === undefined ? undefined : new StopCutter(cutAt);
  }

  /** The events that may pass. What stood before the one that fell is delivered: it is what `partial` has. */
  check(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    const stripped = this.#stripper === undefined ? batch : this.#stripper.pass(batch);
    const out = this.#cutter === undefined ? stripped : this.#cutter.pass(stripped);
    const fell = out.findIndex((event) => {
      this.#see(event);
      return this.verdict !== undefined;
    });
    return fell < 0 ? out : out.slice(0, fell);
  }

  #see(event: FlowEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#sawAnswer ||= event.text !== "";
        this.#countRepeat(event);
        break;
      case "refusal-delta":
      case "tool-call-start":
        this.#sawAnswer = true;
        break;
      case "usage":
        this.#usage = event.usage;
        break;
      case "finish":
        this.#finish(event);
        break;
      default:
    }
  }

  /** Very short texts repeat in ordinary answers (indentation, table rules). */
  #countRepeat({ text, sample }: Extract<FlowEvent, { type: "text-delta" }>): void {
    const { repeatedChunkLimit } = this.#call.target.policy;
    const before = this.#repeats.get(sample);
    const times = text.length > 2 && text === before?.text ? before.times + 1 : 1;
    this.#repeats.set(sample, { text, times });
    if (repeatedChunkLimit > 0 && times >= repeatedChunkLimit) {
      this.verdict = this.#failure(
        "degenerate_output",
        `the same text came ${times} times in a row (repeated_chunk_limit): ${JSON.stringify(text.slice(0, 40))}`,
      );
    }
  }

  #finish(event: Extract<FlowEvent, { type: "finish" }>): void {
    if (event.sample !== 0 || this.#sawAnswer) return;
    const output = this.#usage?.estimated === false ? this.#usage.output : 0;
    if (event.reason === "length") this.verdict = this.#failure("empty_response", this.#lengthWords(output), false);
    if (event.reason === "stop" && output === 0)
      this.verdict = this.#failure("empty_response", "the answer ended with neither text nor tool call");
  }

  #lengthWords(output: number): string {
    const thinking = this.#usage?.reasoning ?? 0;
    return thinking > 0
      ? `${thinking} of ${output} output tokens went to thinking and none to text: raise max_new_tokens or lower reasoning_effort`
      : "the token limit was reached before any text: raise max_new_tokens";
  }

  #failure(code: ModelErrorCode, words: string, shouldRetry?: boolean): ModelError {
    const { target } = this.#call;
    return new ModelError({
      code,
      message: `${target.provider} (${target.modelId}): ${words}`,
      provider: target.provider,
      model: target.entry,
      shouldRetry,
    });
  }
}
