import type { FlowEvent } from "../core/event.ts";
import { possibleStart } from "../core/possible-start.ts";
import { type Divided, HeldText } from "./held-text.ts";

/**
 * Ends the text at the first stop sequence, for models that take none. The rest is read and not shown: only then the
 * provider reports what the answer used.
 */
export class StopCutter extends HeldText {
  readonly #cut = new Set<number>();

  protected divide(text: string, sample: number, ended: boolean): Divided {
    if (this.#cut.has(sample)) return { shown: "", held: "" };
    const place = this.#firstEnd(text);
    if (place !== undefined) {
      this.#cut.add(sample);
      return { shown: text.slice(0, place), held: "" };
    }
    const keep = ended ? 0 : possibleStart(text, this.words);
    return { shown: text.slice(0, text.length - keep), held: text.slice(text.length - keep) };
  }

  /** Where the sequence begins that is complete first: a model would have stopped there, whatever was going to follow. */
  #firstEnd(text: string): number | undefined {
    const found = this.words
      .map((word) => ({ start: text.indexOf(word), length: word.length }))
      .filter(({ start }) => start >= 0);
    found.sort((left, right) => left.start + left.length - right.start - right.length || left.start - right.start);
    return found[0]?.start;
  }

  hasCut(sample: number): boolean {
    return this.#cut.has(sample);
  }

  protected override other(event: FlowEvent): FlowEvent {
    const cut = event.type === "finish" && this.#cut.has(event.sample) && event.reason === "length";
    return cut ? { ...event, reason: "stop" } : event;
  }
}
