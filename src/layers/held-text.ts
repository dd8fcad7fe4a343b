import { type FlowEvent, isContent } from "../core/event.ts";
import type { StripTokens } from "../core/target.ts";

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
    const keep = this.isOpen(sample) ? this.openEnd(whole, sample) : 0;
    this.#held.set(sample, whole.slice(whole.length - keep));
    return whole.slice(0, whole.length - keep);
  }

  /** What is left of the held text when nothing more comes. */
  protected last(text: string): string {
    return text;
  }

  /** Length of the end of `text` that is kept until it is known what follows. */
  protected openEnd(text: string, _sample: number): number {
    return possibleStart(text, this.words);
  }

  #flush(sample: number, out: FlowEvent[]): void {
    const text = this.last(this.#held.get(sample) ?? "");
    if (text !== "") out.push({ type: "text-delta", text, sample });
    this.#held.delete(sample);
  }
}

/** Length of the longest end of `text` that begins a word and is not yet a whole one. */
function possibleStart(text: string, words: readonly string[]): number {
  let longest = 0;
  for (const word of words) {
    for (let length = Math.min(word.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(word.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/** What takes special tokens out of the text; `undefined` where there are none to take. */
export function tokenStripper({ tokens, where }: StripTokens): HeldText | undefined {
  if (tokens.length === 0) return undefined;
  return where === "anywhere" ? new TokenStripper(tokens) : new EdgeStripper(tokens, where === "edges");
}

/** Removes special tokens wherever they stand. */
class TokenStripper extends HeldText {
  protected deal(text: string): string {
    let clean = text;
    for (const token of this.words) clean = clean.replaceAll(token, "");
    return clean;
  }
}

/** More special tokens and white space in a row than this are no end of an answer. */
const LONGEST_END = 1_000;

/**
 * Removes special tokens at the end of the text, with the white space between and after them, and with `start` also at its
 * beginning. Anywhere else they are what the text is about.
 */
class EdgeStripper extends HeldText {
  readonly #start: boolean;
  readonly #begun = new Set<number>();

  constructor(tokens: readonly string[], start: boolean) {
    super(tokens.toSorted((left, right) => right.length - left.length));
    this.#start = start;
  }

  protected deal(text: string, sample: number): string {
    if (!this.#start || this.#begun.has(sample)) return text;
    let rest = text;
    for (let token = this.#first(rest); token !== undefined; token = this.#first(rest)) rest = rest.slice(token.length);
    if (possibleStart(rest, this.words) < rest.length) this.#begun.add(sample);
    return rest;
  }

  #first(text: string): string | undefined {
    return this.words.find((word) => text.startsWith(word));
  }

  protected override openEnd(text: string): number {
    const open = possibleStart(text, this.words);
    const length = text.length - this.#endOf(text.slice(0, text.length - open));
    return length > LONGEST_END ? open : length;
  }

  /** Where the tokens at the end of the text begin. */
  #endOf(text: string): number {
    let end = text.length;
    for (;;) {
      const trimmed = text.slice(0, end).trimEnd();
      const token = this.words.find((word) => trimmed.endsWith(word));
      if (token === undefined) return end;
      end = trimmed.length - token.length;
    }
  }

  protected override last(text: string): string {
    return text.slice(0, this.#endOf(text));
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

  hasCut(sample: number): boolean {
    return this.#cut.has(sample);
  }

  protected override isOpen(sample: number): boolean {
    return !this.#cut.has(sample);
  }

  protected override other(event: FlowEvent): FlowEvent {
    const cut = event.type === "finish" && this.#cut.has(event.sample) && event.reason === "length";
    return cut ? { ...event, reason: "stop" } : event;
  }
}
