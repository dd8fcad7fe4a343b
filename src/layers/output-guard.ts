import type { Call } from "../core/call.ts";
import { isModelError, type ModelError, type PartialAnswer } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { type FlowEvent, isContent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";
import type { Usage } from "../core/usage.ts";
import { type Degeneration, SampleWatch } from "./sample-watch.ts";
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

interface Loop {
  readonly watch: SampleWatch;
  readonly event: FlowEvent;
  readonly found: Degeneration;
}

class OutputGuard {
  verdict: ModelError | undefined;
  readonly #call: Call;
  readonly #goesOn: boolean;
  readonly #stripper: ReturnType<typeof tokenStripper>;
  readonly #cutter: StopCutter | undefined;
  readonly #watches: SampleWatch[] = [];
  #loop: Loop | undefined;
  #endedEarly = false;
  #finished = 0;
  #sawAnswer = false;
  #sawOtherOutput = false;
  /** The first tool call that began. */
  #begunCall: string | undefined;
  #usage: Usage | undefined;

  constructor(call: Call) {
    this.#call = call;
    this.#goesOn = call.record.shown?.canGoOn === true;
    this.#stripper = tokenStripper(call.input.stripTokens ?? call.target.policy.stripTokens);
    const { cutAt } = call.request;
    this.#cutter = cutAt === undefined ? undefined : new StopCutter(cutAt);
  }

  /** Every sample has ended, at least one of them on this side: what still comes is not read. */
  get done(): boolean {
    return this.#endedEarly && this.#finished >= this.#call.request.samples;
  }

  /** The events that may pass. What stood before the one that fell is delivered: it is what `partial` has. */
  check(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    const passed = this.#call.target.policy.repeatedChunkLimit > 0 ? this.#withoutLoops(batch) : batch;
    const stripped = this.#stripper === undefined ? passed : this.#stripper.pass(passed);
    const out = this.#cutter === undefined ? stripped : this.#cutter.pass(stripped);
    for (let index = 0; index < out.length; index++) {
      this.#see(out[index] as FlowEvent);
      if (this.verdict !== undefined) return out.slice(0, index);
    }
    if (this.#loop !== undefined) this.verdict = this.#degenerate(this.#loop);
    return out;
  }

  /** The batch itself as long as nothing is wrong with it: this runs for every delta. */
  #withoutLoops(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    let out: FlowEvent[] | undefined;
    for (let index = 0; index < batch.length; index++) {
      const event = batch[index] as FlowEvent;
      if (!isContent(event)) {
        out?.push(event);
        continue;
      }
      const watch = this.#watchOf(event.sample);
      const found = watch.ended || this.#isCut(event) ? undefined : watch.judge(event);
      if (found === undefined && !watch.holds) {
        out?.push(event);
        continue;
      }
      out ??= batch.slice(0, index);
      if (watch.ended) continue;
      if (found === undefined) out.push(...watch.hold(event));
      else this.#endLoop(watch, event, found, out, batch.slice(index + 1));
      if (this.#loop !== undefined) break;
    }
    return out ?? batch;
  }

  #watchOf(sample: number): SampleWatch {
    let watch = this.#watches[sample];
    if (watch === undefined) {
      const { target, request, input } = this.#call;
      const { responseFormat } = { ...target.settings, ...input.settings, ...request.settings };
      const format = responseFormat?.type ?? "text";
      watch = new SampleWatch(target.policy.repeatedChunkLimit, format !== "text");
      this.#watches[sample] = watch;
    }
    return watch;
  }

  /** What comes after a stop sequence is not shown, so it is not judged. */
  #isCut(event: FlowEvent): boolean {
    return event.type === "text-delta" && this.#cutter?.hasCut(event.sample) === true;
  }

  /** A loop after the last brace of a JSON text takes nothing from it; any other ends the attempt. */
  #endLoop(
    watch: SampleWatch,
    event: FlowEvent,
    found: Degeneration,
    out: FlowEvent[],
    rest: readonly FlowEvent[],
  ): void {
    const usage = rest.filter(({ type }) => type === "usage");
    if (event.type === "text-delta" && watch.isWhole) {
      watch.ended = true;
      this.#endedEarly = true;
      const { sample } = event;
      if (found.before !== "") out.push({ ...event, text: found.before });
      const reason = "the JSON was whole, and after it came white space without end, which was not read";
      out.push({ type: "adjustment", adjustment: { setting: "finish_reason", from: undefined, to: "stop", reason } });
      out.push(...usage, { type: "finish", reason: "stop", sample });
      return;
    }
    this.#loop = { watch, event, found };
    if (found.before !== "" && "text" in event) out.push({ ...event, text: found.before });
    out.push(...usage);
  }

  #see(event: FlowEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#sawAnswer ||= event.text !== "";
        this.#watchOf(event.sample).note(event);
        break;
      case "reasoning-delta":
      case "tool-call-delta":
        this.#watchOf(event.sample).note(event);
        break;
      case "refusal-delta":
      case "tool-call-end":
        this.#sawAnswer = true;
        this.#watchOf(event.sample).note(event);
        break;
      case "tool-call-start":
        this.#watchOf(event.sample).note(event);
        if (event.sample === 0) this.#begunCall ??= event.name;
        break;
      case "other-output":
        this.#sawOtherOutput = true;
        break;
      case "usage":
        this.#usage = event.usage;
        break;
      case "finish":
        this.#finished += 1;
        this.#finish(event);
        break;
      default:
    }
  }

  #degenerate(loop: Loop): ModelError {
    return this.#failure("degenerate_output", loop.found.words, { partial: this.partial(loop) });
  }

  /** What was delivered; of a loop, its first round. */
  partial(loop?: Loop): PartialAnswer {
    // A sample may not have said anything yet.
    const samples = Array.from(
      this.#watches,
      (watch: SampleWatch | undefined) => watch?.partial(watch === loop?.watch ? loop : undefined) ?? NOTHING,
    );
    const [first = NOTHING] = samples;
    // The rest of an answer that goes on: the text as a whole is known above.
    if (this.#goesOn) return { ...first, text: "" };
    const usage = this.#usage === undefined ? {} : { usage: this.#usage };
    return samples.length > 1 ? { ...first, ...usage, samples } : { ...first, ...usage };
  }

  #finish(event: Extract<FlowEvent, { type: "finish" }>): void {
    if (event.sample !== 0 || this.#sawAnswer) return;
    const output = this.#usage?.estimated === false ? this.#usage.output : 0;
    if (event.reason === "length") this.verdict = this.#cutShort(output);
    else if (this.#isEmpty(event))
      this.verdict = this.#failure("empty_response", "the answer ended with neither text nor tool call");
  }

  /** A model may have nothing to add to tool results or to text that was delivered; a paused turn goes on later. */
  #isEmpty({ reason, raw }: Extract<FlowEvent, { type: "finish" }>): boolean {
    if (this.#sawOtherOutput || raw === "pause_turn") return false;
    if (reason === "stop") return !this.#goesOn && !this.#followsResults();
    return reason === "unknown";
  }

  #followsResults(): boolean {
    return this.#call.request.messages.findLast(({ role }) => role !== "system")?.role === "tool";
  }

  /** Nothing whole came before the limit, and nothing would the next time. */
  #cutShort(output: number): ModelError {
    if (this.#begunCall === undefined)
      return this.#failure("empty_response", this.#lengthWords(output), {
        shouldRetry: false,
        partial: this.partial(),
      });
    const words = `the token limit cut the call of ${JSON.stringify(this.#begunCall)}: raise max_new_tokens`;
    return this.#failure("invalid_tool_call", words, { shouldRetry: false, partial: this.partial() });
  }

  #lengthWords(output: number): string {
    const thinking = this.#usage?.reasoning ?? 0;
    return thinking > 0
      ? `${thinking} of ${output} output tokens went to thinking: raise max_new_tokens or lower reasoning_effort`
      : "the token limit was reached before any text: raise max_new_tokens";
  }

  #failure(
    code: ModelErrorCode,
    words: string,
    more: { readonly shouldRetry?: boolean; readonly partial?: PartialAnswer } = {},
  ): ModelError {
    return targetError(this.#call.target, code, words, more);
  }
}

const NOTHING: PartialAnswer = { text: "", reasoning: "", toolCalls: [] };
