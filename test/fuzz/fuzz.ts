import { Coverage } from "./coverage.ts";
import { Mutator, randomFrom } from "./mutate.ts";

/** Something that must hold for any bytes. */
export interface FuzzTarget {
  readonly name: string;
  /** Modules whose code says whether an input is new. */
  readonly covers: RegExp;
  readonly words: readonly string[];
  seeds(): readonly Buffer[];
  /** Throws when an invariant is broken. */
  check(input: Buffer): void | Promise<void>;
  /** The same work once and without the checks, for measuring time; absent where size has no meaning. */
  work?(input: Buffer): void;
}

export interface FuzzResult {
  readonly runs: number;
  /** Blocks, with the sizes of their counts, that the seeds ran; and that ran in the end. */
  readonly seedFeatures: number;
  readonly features: number;
  /** Inputs that ran something no other input before them had. */
  readonly corpus: readonly Buffer[];
  readonly failure?: { readonly input: Buffer; readonly error: unknown };
}

/** Inputs between two looks at the counts: looking costs more than a run. */
const BATCH = 32;

/** When to stop; a number of runs is the same everywhere, a time is not. */
export interface FuzzLimit {
  readonly seconds: number;
  readonly runs: number;
}

/** Runs mutations of inputs that were new, until something breaks or a limit is reached. Same seed, same inputs. */
export async function fuzz(target: FuzzTarget, seed: number, limit: FuzzLimit): Promise<FuzzResult> {
  const search = new Search(target, await Coverage.of(target.covers), seed);
  try {
    return await search.run(limit);
  } finally {
    await search.stop();
  }
}

class Search {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #mutator: Mutator;
  readonly #features = new Set<string>();
  readonly #corpus: Buffer[] = [];
  #runs = 0;
  #failure: FuzzResult["failure"];

  constructor(target: FuzzTarget, coverage: Coverage, seed: number) {
    this.#target = target;
    this.#coverage = coverage;
    this.#mutator = new Mutator(randomFrom(seed), target.words);
  }

  async run({ seconds, runs }: FuzzLimit): Promise<FuzzResult> {
    const untilMs = performance.now() + seconds * 1_000;
    for (const input of this.#target.seeds()) await this.#keepIfNew(input);
    const seedFeatures = this.#features.size;
    while (this.#failure === undefined && this.#runs < runs && performance.now() < untilMs) await this.#batch();
    const failure = this.#failure && { ...this.#failure, input: await this.#shrunk(this.#failure.input) };
    return {
      runs: this.#runs,
      seedFeatures,
      features: this.#features.size,
      corpus: this.#corpus,
      ...(failure && { failure }),
    };
  }

  stop(): Promise<void> {
    return this.#coverage.stop();
  }

  async #batch(): Promise<void> {
    const inputs = Array.from({ length: BATCH }, () =>
      this.#mutator.mutate(this.#mutator.pick(this.#corpus), this.#corpus),
    );
    for (const input of inputs) await this.#try(input);
    const isNew = (await this.#coverage.take()).some((feature) => !this.#features.has(feature));
    if (isNew) for (const input of inputs) await this.#keepIfNew(input);
  }

  async #keepIfNew(input: Buffer): Promise<void> {
    await this.#coverage.take();
    await this.#try(input);
    const before = this.#features.size;
    for (const feature of await this.#coverage.take()) this.#features.add(feature);
    if (this.#features.size > before) this.#corpus.push(input);
  }

  async #try(input: Buffer): Promise<void> {
    this.#runs++;
    try {
      await this.#target.check(input);
    } catch (error) {
      this.#failure ??= { input, error };
    }
  }

  /** A shorter input that fails as well: pieces are left out as long as that helps. */
  async #shrunk(input: Buffer): Promise<Buffer> {
    let shortest = input;
    for (let size = shortest.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at < shortest.length; ) {
        const shorter = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + size)]);
        if (await this.#fails(shorter)) shortest = shorter;
        else at += size;
      }
    }
    return shortest;
  }

  async #fails(input: Buffer): Promise<boolean> {
    try {
      await this.#target.check(input);
      return false;
    } catch {
      return true;
    }
  }
}
