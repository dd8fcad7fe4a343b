/** An answer as it was stored. */
export interface BookedAnswer {
  readonly text: string;
  /** USD; null if unknown. */
  readonly cost: number | null;
  readonly input: number;
  readonly output: number;
}

interface Entry {
  readonly answer: BookedAnswer;
  readonly expiresMs: number;
}

/** A second copy of what a cache holds, without the product's code. The least recently used entry is the first one. */
export class ValueBooks {
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  /** Removed before they expired. */
  evicted = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(name: string, nowMs: number): BookedAnswer | undefined {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    if (entry === undefined || entry.expiresMs <= nowMs) return undefined;
    this.#entries.set(name, entry);
    return entry.answer;
  }

  set(name: string, answer: BookedAnswer, expiresMs: number, nowMs: number): void {
    this.#entries.delete(name);
    this.#entries.set(name, { answer, expiresMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries) break;
      this.#entries.delete(oldest);
      if (entry.expiresMs > nowMs) this.evicted += 1;
    }
  }

  living(nowMs: number): number {
    return [...this.#entries.values()].filter(({ expiresMs }) => expiresMs > nowMs).length;
  }
}
