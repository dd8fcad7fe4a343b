import type { Call } from "../core/call.ts";
import { type ContentEvent, type FlowEvent, isContent } from "../core/event.ts";
import type { PartialAnswer } from "../core/partial-answer.ts";
import { type Degeneration, SampleWatch } from "./sample-watch.ts";
import type { StopCutter } from "./stop-cutter.ts";

/** A loop in a sample. */
interface Loop {
  readonly watch: SampleWatch;
  readonly event: FlowEvent;
  readonly found: Degeneration;
}

/** Removes endless repetition from the samples of an attempt, and records what was delivered. */
export class LoopGuard {
  /** Whether a sample was ended locally: complete JSON followed by endless whitespace. */
  endedOne = false;
  readonly #call: Call;
  readonly #cutter: StopCutter | undefined;
  readonly #watches: SampleWatch[] = [];
  #loop: Loop | undefined;

  constructor(call: Call, cutter: StopCutter | undefined) {
    this.#call = call;
    this.#cutter = cutter;
  }

  /** Why the attempt must end. */
  get verdict(): string | undefined {
    return this.#loop?.found.words;
  }

  /** Returns the same batch if nothing is wrong, because this runs for every delta. */
  pass(batch: readonly FlowEvent[]): readonly FlowEvent[] {
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
      if (found === undefined) {
        out.push(...watch.hold(event));
        continue;
      }
      const usage = batch.slice(index + 1).filter(({ type }) => type === "usage");
      out.push(...this.#end({ watch, event, found }, usage));
      if (this.#loop !== undefined) break;
    }
    return out ?? batch;
  }

  /** Records a delivered event. */
  note(event: ContentEvent): void {
    this.#watchOf(event.sample).note(event);
  }

  /** The delivered part of each sample, with only the first repetition of a loop. */
  partials(): readonly PartialAnswer[] {
    return Array.from(
      this.#watches,
      (watch: SampleWatch | undefined) =>
        watch?.partial(watch === this.#loop?.watch ? this.#loop : undefined) ?? NOTHING,
    );
  }

  /** Text after a stop sequence is not delivered, so it is not checked. */
  #isCut(event: ContentEvent): boolean {
    return event.type === "text-delta" && this.#cutter?.hasCut(event.sample) === true;
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

  /**
   * The events that replace the loop. Endless whitespace after complete JSON ends the sample without an error; any other loop
   * ends the attempt.
   */
  #end(loop: Loop, usage: readonly FlowEvent[]): readonly FlowEvent[] {
    const { watch, event, found } = loop;
    const before = found.before !== "" && "text" in event ? [{ ...event, text: found.before }] : [];
    if (event.type !== "text-delta" || !watch.isWhole) {
      this.#loop = loop;
      return [...before, ...usage];
    }
    watch.ended = true;
    this.endedOne = true;
    const reason = "endless whitespace after complete JSON was not read";
    return [
      ...before,
      { type: "adjustment", adjustment: { setting: "finish_reason", from: undefined, to: "stop", reason } },
      ...usage,
      { type: "finish", reason: "stop", sample: event.sample },
    ];
  }
}

export const NOTHING: PartialAnswer = { text: "", reasoning: "", toolCalls: [] };
