import { type FlowEvent, isContent } from "../core/event.ts";

/** How far back a repetition is looked for, characters. */
const WINDOW = 4_000;
/** Shorter repetitions are more likely meant: "}", "end". */
const LEAST = 8;
const LEAST_LINE = 4;

/**
 * Joins a text and its continuation. A model that is asked to continue often repeats its last line; that is cut out.
 * Text is held back only while it may still be such a repetition; if the token limit cuts it there, it is not new text.
 */
export class OverlapTrimmer {
  readonly #before: string;
  #held = "";
  #open = true;

  constructor(before: string) {
    this.#before = before.slice(-WINDOW);
  }

  pass(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    if (!this.#open) return batch;
    const out: FlowEvent[] = [];
    for (const event of batch) {
      if (this.#open && event.type === "text-delta") this.#hold(event.text, out);
      else {
        if (this.#open && isCut(event)) this.#held = "";
        if (this.#open && isContent(event) && event.type !== "reasoning-delta") this.#close(out);
        out.push(event);
      }
    }
    return out;
  }

  #hold(text: string, out: FlowEvent[]): void {
    this.#held += text;
    if (!this.#before.includes(this.#held)) this.#close(out);
  }

  #close(out: FlowEvent[]): void {
    this.#open = false;
    const text = this.#held.slice(this.#repeated());
    if (text !== "") out.push({ type: "text-delta", text, sample: 0 });
  }

  /** Length of the longest end of the text before that the continuation begins with. */
  #repeated(): number {
    const longest = Math.min(this.#before.length, this.#held.length);
    for (let length = longest; length > 0; length--) {
      const overlap = this.#held.slice(0, length);
      if (this.#before.endsWith(overlap) && this.#isRepetition(overlap)) return length;
    }
    return 0;
  }

  #isRepetition(overlap: string): boolean {
    const words = overlap.trim();
    if (!/[\p{L}\p{N}]/u.test(words)) return false;
    if (overlap.length === this.#before.length) return true;
    return words.length >= LEAST || (words.length >= LEAST_LINE && this.#isLine(overlap));
  }

  #isLine(overlap: string): boolean {
    const starts = this.#before.at(-overlap.length - 1) === "\n";
    const follows =
      overlap.endsWith("\n") || this.#held.length === overlap.length || this.#held[overlap.length] === "\n";
    return starts && follows;
  }
}

function isCut(event: FlowEvent): boolean {
  return event.type === "finish" && event.reason === "length";
}
