/** The tokens of an encoding, as the package gpt-tokenizer has them. */
export interface Vocabulary {
  /** The text or the bytes of each token, by its id. A token with a lower id is merged first. */
  readonly bytePairRankDecoder: readonly (string | readonly number[])[];
  readonly specialTokensEncoder: ReadonlyMap<string, number>;
  /** Splits a text into words; no token belongs to two of them. */
  readonly tokenSplitRegex: RegExp;
}

/** Byte pair encoding. Bytes are the characters of Latin-1 strings, which are cheap to cut and to look up. */
export class BytePairs {
  readonly #words: RegExp;
  readonly #pieces: (string | undefined)[] = [];
  readonly #ids = new Map<string, number>();

  constructor({ bytePairRankDecoder, specialTokensEncoder, tokenSplitRegex }: Vocabulary) {
    this.#words = tokenSplitRegex;
    bytePairRankDecoder.forEach((piece, id) => {
      const bytes = bytesOf(piece);
      this.#pieces[id] = bytes;
      this.#ids.set(bytes, id);
    });
    for (const [text, id] of specialTokensEncoder) this.#pieces[id] = text;
  }

  /** Special tokens in the text are read as text. */
  encode(text: string): number[] {
    const tokens: number[] = [];
    for (const [word] of text.toWellFormed().matchAll(this.#words)) {
      const bytes = bytesOf(word);
      const known = this.#ids.get(bytes);
      if (known === undefined) this.#merge(bytes, tokens);
      else tokens.push(known);
    }
    return tokens;
  }

  has(token: number): boolean {
    return this.#pieces[token] !== undefined;
  }

  /** Bytes that are no UTF-8, because a character was cut, become U+FFFD. */
  decode(tokens: readonly number[]): string {
    const bytes = tokens.map((token) => this.#pieces[token]).join("");
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  }

  /**
   * Merges the pair with the lowest id, the first one of equals, until no pair is a token. The queue keeps this fast for words of
   * any length: Chinese and base64 have words of thousands of bytes.
   */
  #merge(bytes: string, tokens: number[]): void {
    const { length } = bytes;
    const next = Int32Array.from({ length: length + 1 }, (_, at) => at + 1);
    const previous = Int32Array.from({ length: length + 1 }, (_, at) => at - 1);
    const ranks = new Int32Array(length).fill(NONE);
    const queue = new NumberQueue();
    const rank = (at: number) => {
      const middle = next[at] as number;
      const id = middle >= length ? undefined : this.#ids.get(bytes.slice(at, next[middle]));
      ranks[at] = id ?? NONE;
      if (id !== undefined) queue.push(id * POSITIONS + at);
    };
    for (let at = 0; at < length - 1; at++) rank(at);
    for (let first = queue.pop(); first !== undefined; first = queue.pop()) {
      const at = first % POSITIONS;
      // Outdated: one of the two was merged with another in the meantime.
      if (ranks[at] !== Math.floor(first / POSITIONS)) continue;
      const merged = next[at] as number;
      const end = next[merged] as number;
      ranks[merged] = NONE;
      next[at] = end;
      previous[end] = at;
      rank(at);
      if (at > 0) rank(previous[at] as number);
    }
    for (let at = 0; at < length; at = next[at] as number)
      tokens.push(this.#ids.get(bytes.slice(at, next[at])) as number);
  }
}

const NONE = -1;
/** Positions in a word; with an id above it, a number is still exact. */
const POSITIONS = 2 ** 31;

function bytesOf(piece: string | readonly number[]): string {
  if (typeof piece !== "string") return String.fromCharCode(...piece);
  return Buffer.byteLength(piece) === piece.length ? piece : Buffer.from(piece).toString("latin1");
}

/** A binary heap: the smallest number first. */
class NumberQueue {
  readonly #heap: number[] = [];

  push(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= value) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = value;
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if ((heap[child + 1] ?? Number.POSITIVE_INFINITY) < (heap[child] as number)) child += 1;
      const below = heap[child] as number;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
