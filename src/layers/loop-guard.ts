import type { Call } from "../core/call.ts";
import type { PartialAnswer } from "../core/error.ts";
import { type ContentEvent, type FlowEvent, isContent } from "../core/event.ts";
import { type Degeneration, SampleWatch } from "./sample-watch.ts";
import type { StopCutter } from "./stop-cutter.ts";

/** Where a sample ran in circles. */
interface Loop {
  readonly watch: SampleWatch;
  readonly event: FlowEvent;
  readonly found: Degeneration;
}

/** Takes endless repetition out of what the samples of an attempt say, and remembers what was delivered of them. */
export class LoopGuard {
  /** A sample was ended here: its JSON was whole, and only white space followed. */
  endedOne = false;
  readonly #call: Call;
  readonly #cutter: StopCutter | undefined;
  readonly #watches: SampleWatch[] = [];
  #loop: Loop | undefined;

  constructor(call: Call, cutter: StopCutter | undefined) {
    this.#call = call;
    this.#cutter = cutter;
  }

  /** Why the attempt has to end. */
  get verdict(): string | undefined {
    return this.#loop?.found.words;
  }

  /** The batch itself as long as nothing is wrong with it: this runs for every delta. */
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

  /** Remembers what is delivered. */
  note(event: ContentEvent): void {
    this.#watchOf(event.sample).note(event);
  }

  /** What was delivered of each sample; of a loop, its first round. A sample may not have said anything yet. */
  partials(): readonly PartialAnswer[] {
    return Array.from(
      this.#watches,
      (watch: SampleWatch | undefined) =>
        watch?.partial(watch === this.#loop?.watch ? this.#loop : undefined) ?? NOTHING,
    );
  }

  /** What comes after a stop sequence is not shown, so it is not judged. */
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
   * What is delivered in place of the loop. A loop after the last brace of a JSON text takes nothing from it; any other
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
    const reason = "the JSON was whole, and after it came white space without end, which was not read";
    return [
      ...before,
      { type: "adjustment", adjustment: { setting: "finish_reason", from: undefined, to: "stop", reason } },
      ...usage,
      { type: "finish", reason: "stop", sample: event.sample },
    ];
  }
}

export const NOTHING: PartialAnswer = { text: "", reasoning: "", toolCalls: [] };
