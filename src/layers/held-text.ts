import { type FlowEvent, isContent } from "../core/event.ts";

type TextDelta = Extract<FlowEvent, { type: "text-delta" }>;

/** Text in which some words must be found whole, also when they are split over deltas: holds back only what could begin one. */
abstract class HeldText {
  readonly words: readonly string[];
  /** By sample. */
  readonly #held = new Map<number, string>();

  constructor(words: readonly string[]) {
    this.words = words;
  }

  pass(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    const out: FlowEvent[] = [];
    for (const event of batch) {
      if (event.type === "text-delta") {
        const text = this.#take(event);
        if (text !== "") out.push({ ...event, text });
      } else {
        if (isContent(event) && "sample" in event) this.#flush(event.sample, out);
        out.push(this.other(event));
      }
    }
    return out;
  }

  /** The text with its words dealt with; what is still open stays at its end. */
  protected abstract deal(text: string, sample: number): string;

  /** Whether a word may still come. */
  protected isOpen(_sample: number): boolean {
    return true;
  }

  protected other(event: FlowEvent): FlowEvent {
    return event;
  }

  #take({ text, sample }: TextDelta): string {
    const whole = this.deal((this.#held.get(sample) ?? "") + text, sample);
    const keep = this.isOpen(sample) ? this.#possibleStart(whole) : 0;
    this.#held.set(sample, whole.slice(whole.length - keep));
    return whole.slice(0, whole.length - keep);
  }

  /** Length of the longest end of `text` that begins a word. */
  #possibleStart(text: string): number {
    let longest = 0;
    for (const word of this.words) {
      for (let length = Math.min(word.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(word.slice(0, length))) longest = length;
      }
    }
    return longest;
  }

  #flush(sample: number, out: FlowEvent[]): void {
    const text = this.#held.get(sample) ?? "";
    if (text !== "") out.push({ type: "text-delta", text, sample });
    this.#held.delete(sample);
  }
}

/** Removes special tokens wherever they stand. */
export class TokenStripper extends HeldText {
  protected deal(text: string): string {
    let clean = text;
    for (const token of this.words) clean = clean.replaceAll(token, "");
    return clean;
  }
}

/**
 * Ends the text at the first stop sequence, for models that take none. The rest is read and not shown: only then the
 * provider tells what the answer used.
 */
export class StopCutter extends HeldText {
  readonly #cut = new Set<number>();

  protected deal(text: string, sample: number): string {
    if (this.#cut.has(sample)) return "";
    const places = this.words.map((word) => text.indexOf(word)).filter((place) => place >= 0);
    if (places.length === 0) return text;
    this.#cut.add(sample);
    return text.slice(0, Math.min(...places));
  }

  protected override isOpen(sample: number): boolean {
    return !this.#cut.has(sample);
  }

  protected override other(event: FlowEvent): FlowEvent {
    const cut = event.type === "finish" && this.#cut.has(event.sample) && event.reason === "length";
    return cut ? { ...event, reason: "stop" } : event;
  }
}
