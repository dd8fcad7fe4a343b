/** Random numbers in 0..1 from a seed: https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Longest input; long ones are slow, and what needs length is tried apart. */
const MAX_LENGTH = 1_024;

/** Makes new inputs out of old ones. */
export class Mutator {
  readonly #random: () => number;
  readonly #words: readonly Buffer[];

  constructor(random: () => number, words: readonly string[]) {
    this.#random = random;
    this.#words = [...words, " "].map((word) => Buffer.from(word));
  }

  /** One of the list, the later ones a little more often: they are newer. */
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(list.length * Math.sqrt(this.#random()))] as T;
  }

  mutate(input: Buffer, others: readonly Buffer[]): Buffer {
    let out = input;
    const times = 1 + this.#below(5);
    for (let time = 0; time < times; time++) out = this.#once(out, others);
    return out.subarray(0, MAX_LENGTH);
  }

  #once(input: Buffer, others: readonly Buffer[]): Buffer {
    const at = this.#below(input.length + 1);
    const to = Math.min(input.length, at + 1 + this.#below(16));
    const [before, cut, after] = [input.subarray(0, at), input.subarray(at, to), input.subarray(to)];
    switch (this.#below(8)) {
      case 0:
        return Buffer.concat([before, Buffer.of(this.#below(256)), input.subarray(at)]);
      case 1:
        return Buffer.concat([before, Buffer.of(this.#below(256)), input.subarray(at + 1)]);
      case 2:
      case 3:
        return Buffer.concat([before, this.pick(this.#words), input.subarray(at)]);
      case 4:
        return Buffer.concat([before, this.pick(this.#words), after]);
      case 5:
        return Buffer.concat([before, after]);
      case 6:
        return Buffer.concat([before, ...Array<Buffer>(1 + this.#below(4)).fill(cut), cut, after]);
      default:
        return Buffer.concat([before, this.#tailOf(this.pick(others))]);
    }
  }

  #tailOf(other: Buffer): Buffer {
    return other.subarray(this.#below(other.length + 1));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
