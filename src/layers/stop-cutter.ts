import type { FlowEvent } from "../core/event.ts";
import { possibleStart } from "../core/possible-start.ts";
import { type Divided, HeldText } from "./held-text.ts";

/**
 * Ends the text at the first stop sequence, for models without support. The rest is read but not delivered, because the
 * provider reports usage at the end.
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

  /** The start of the first complete sequence, where a model would have stopped. */
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
