/** A loop that was found in the last added text. */
export interface Repetition {
  /** Length of the repeated text. */
  readonly period: number;
  readonly times: number;
  /** Number of characters of the added text that were read. */
  readonly read: number;
  /** Length of the loop before that position, characters. */
  readonly length: number;
}

/**
 * Finds endless repetition: of one chunk, or of a passage with any delta boundaries. Ordinary answers contain repetitions too
 * (rules, indentation, rows of zeros, lines of a table), so a passage must also fill a minimum amount of text.
 */
export class RepetitionWatch {
  readonly #limit: number;
  readonly #passage: PassageWatch;
  #piece = "";
  #times = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#passage = new PassageWatch(limit);
  }

  add(text: string): Repetition | undefined {
    if (text === this.#piece) this.#times += 1;
    else {
      this.#piece = text;
      this.#times = 1;
    }
    if (this.#times >= this.#limit && text.length > SHORT) return this.#pieces(text);
    return this.#passage.add(text);
  }

  #pieces({ length }: string): Repetition {
    return { period: length, times: this.#times, read: length, length: length * this.#times };
  }
}

/** Units up to this length have long repetitions in ordinary answers: rules, rows of zeros, padding. */
const SHORT = 2;
/** Minimum length of all repetitions of a passage, characters. */
const MIN_LENGTH = 5_000;
const MAX_PASSAGE_LENGTH = 2_000;
/** Interval of searches: a prime, so that they hit different positions of a passage of nearly any length. */
const EVERY = 2_003;
/** The end of the text that is searched for in the earlier text. */
const NEEDLE = 32;
const KEPT = 2 * MAX_PASSAGE_LENGTH;

/** Searches earlier text for the most recent text. After a match, checks whether the text that follows repeats too. */
class PassageWatch {
  readonly #limit: number;
  #tail = "";
  /** The text after the tail. */
  #pieces: string[] = [];
  #unsearched = 0;
  /** Length of the repeated text; 0 if there is none. */
  #period = 0;
  /** The repeated text, and the current position in it. */
  #passage = "";
  #phase = 0;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(text: string): Repetition | undefined {
    for (let at = 0; at < text.length; at += EVERY) {
      const end = Math.min(at + EVERY, text.length);
      if (this.#read(text, at, end)) return this.#found(end);
    }
    return undefined;
  }

  #found(read: number): Repetition {
    const times = Math.floor(this.#length / this.#period);
    return { period: this.#period, times, read, length: this.#length };
  }

  #read(text: string, from: number, end: number): boolean {
    const piece = text.slice(from, end);
    if (this.#period > 0) this.#follow(piece);
    this.#pieces.push(piece);
    this.#unsearched += piece.length;
    if (this.#unsearched >= EVERY) this.#join(text, end);
    return this.#period > 0 && this.#length >= MIN_LENGTH && this.#length >= this.#limit * this.#period;
  }

  /** A long delta contains the complete tail, and slicing it copies nothing. */
  #join(text: string, end: number): void {
    const isWithin = end >= KEPT;
    this.#tail = isWithin ? text.slice(end - KEPT, end) : (this.#tail + this.#pieces.join("")).slice(-KEPT);
    this.#pieces = [];
    this.#unsearched = 0;
    if (this.#period === 0) this.#search();
  }

  #follow(text: string): void {
    let at = this.#phase;
    for (let index = 0; index < text.length; index++) {
      if (text.charCodeAt(index) !== this.#passage.charCodeAt(at)) {
        this.#period = 0;
        return;
      }
      at = at + 1 === this.#period ? 0 : at + 1;
    }
    this.#phase = at;
    this.#length += text.length;
  }

  #search(): void {
    const tail = this.#tail;
    const start = tail.length - NEEDLE;
    const needle = tail.slice(start);
    // Searching forward is several times faster, and nearly always nothing is found.
    if (!tail.slice(Math.max(0, start - MAX_PASSAGE_LENGTH), -1).includes(needle)) return;
    const period = start - tail.lastIndexOf(needle, start - 1);
    if (period <= SHORT) return;
    this.#period = period;
    this.#passage = tail.slice(-period);
    this.#phase = 0;
    this.#length = tail.length - firstCopy(tail, period) + period;
  }
}

/** Length of the text up to the end of the first copy of the repetition with this `period` at its end. */
export function firstCopy(text: string, period: number): number {
  let end = text.length;
  // Before the first character there is NaN, which equals nothing.
  while (text.charCodeAt(end - 1) === text.charCodeAt(end - 1 - period)) end -= 1;
  return end;
}
