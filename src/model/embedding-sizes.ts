import { Cancellation } from "../core/cancellation.ts";
import { tokenBound } from "../core/token-bound.ts";

/** Code units whose tokens are counted in one turn of the event loop, in about 15 ms. */
const TURN = 1_048_576;

/** The most tokens of each text, counted once. */
export class TextSizes {
  readonly texts: readonly string[];
  /** UTF-16 code units of all texts. */
  readonly units: number;
  readonly #sizes: number[] = [];

  constructor(texts: readonly string[]) {
    this.texts = texts;
    this.units = texts.reduce((sum, text) => sum + text.length, 0);
  }

  of(index: number): number {
    this.#sizes[index] ??= tokenBound(this.texts[index] ?? "");
    return this.#sizes[index];
  }

  /**
   * Counts in several turns of the event loop, if one would block it. Few texts are counted only when needed.
   * @throws ModelError `aborted`.
   */
  async count(signal: AbortSignal | undefined): Promise<void> {
    if (this.units <= TURN) return;
    const cancellation = new Cancellation();
    if (signal !== undefined) cancellation.follow(signal);
    try {
      let units = 0;
      for (const [index, text] of this.texts.entries()) {
        cancellation.throwIfCancelled();
        this.of(index);
        units += text.length;
        if (units < TURN) continue;
        units = 0;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      cancellation.throwIfCancelled();
    } finally {
      cancellation.release();
    }
  }
}
