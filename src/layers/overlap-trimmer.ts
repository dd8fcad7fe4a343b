import { type FlowEvent, isContent } from "../core/event.ts";

/** Maximum length of a repetition, characters. */
const WINDOW = 4_000;
/** Shorter repetitions are probably intended: "}", "end". */
const MIN_LENGTH = 8;
const MIN_LINE = 4;

/**
 * Removes the text at the start of a continuation that repeats the end of the previous part; models often repeat the last line.
 * Text is buffered only while it may be a repetition. If the token limit truncates it there, it is dropped.
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

  /** Length of the longest suffix of the earlier text that the continuation starts with. */
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
    return words.length >= MIN_LENGTH || (words.length >= MIN_LINE && this.#isLine(overlap));
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
