import type { Profiler } from "node:inspector";
import { Session } from "node:inspector/promises";

type Range = Profiler.CoverageRange;

/** Blocks of the code under test with how often they ran, as V8 counts them: what tells a fuzzer that an input is new. */
export class Coverage {
  readonly #session = new Session();
  readonly #include: RegExp;
  readonly #known = new Map<string, Map<string, Range>>();

  private constructor(include: RegExp) {
    this.#include = include;
    this.#session.connect();
  }

  /** Counts from now on, in the modules whose address matches. */
  static async of(include: RegExp): Promise<Coverage> {
    const coverage = new Coverage(include);
    await coverage.#session.post("Profiler.enable");
    await coverage.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** What ran since the last time: a block and the size of its count. */
  async take(): Promise<readonly string[]> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    const scripts = result.filter(({ url }) => this.#include.test(url));
    return scripts.flatMap(({ scriptId, functions }) =>
      functions.flatMap(({ ranges }) => this.#blocksOf(`${scriptId} ${ranges[0]?.startOffset}`, ranges)),
    );
  }

  /**
   * V8 leaves out a block that ran as often as what is around it, so that a function that ran whole is a single range.
   * Every block that was ever told of a function is counted, with what is said of the narrowest range around it.
   */
  #blocksOf(key: string, ranges: readonly Range[]): readonly string[] {
    const known = this.#known.get(key) ?? new Map<string, Range>();
    this.#known.set(key, known);
    for (const range of ranges) known.set(`${range.startOffset} ${range.endOffset}`, range);
    return [...known].flatMap(([block, { startOffset, endOffset }]) => {
      const around = ranges.findLast((range) => range.startOffset <= startOffset && endOffset <= range.endOffset);
      return around === undefined || around.count === 0 ? [] : [`${key} ${block} ${sizeOf(around.count)}`];
    });
  }

  async stop(): Promise<void> {
    await this.#session.post("Profiler.disable");
    this.#session.disconnect();
  }
}

/** One, two, four, eight …: more often by one is nothing new, twice as often is. */
function sizeOf(count: number): number {
  return Math.min(8, Math.floor(Math.log2(count)));
}
