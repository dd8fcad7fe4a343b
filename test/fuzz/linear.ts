import type { FuzzTarget } from "./fuzz.ts";

const SMALL = 100_000;
const LARGE = 1_000_000;
/** Ten times the bytes may take ten times the time, and what a busy machine adds; the square would be a hundred. */
const MAX_TIMES = 30;
const ALWAYS_FINE_MS = 60;

export interface Growth {
  readonly smallMs: number;
  readonly largeMs: number;
  readonly input: Buffer;
}

/** The input whose repetition takes most time at 1 MB. */
export function slowest({ work }: FuzzTarget, inputs: readonly Buffer[]): Growth | undefined {
  if (work === undefined) return undefined;
  const all = inputs.map((input) => ({ input, largeMs: timeOf(work, input, LARGE) }));
  const [worst] = all.sort((left, right) => right.largeMs - left.largeMs);
  if (worst === undefined) return undefined;
  const { input, largeMs } = worst;
  return { input, smallMs: best(work, input, SMALL), largeMs: Math.min(largeMs, best(work, input, LARGE)) };
}

export function isLinear({ smallMs, largeMs }: Growth): boolean {
  return largeMs <= ALWAYS_FINE_MS + MAX_TIMES * smallMs;
}

/** The quickest of three: the others were disturbed. */
function best(work: (input: Buffer) => void, input: Buffer, length: number): number {
  return Math.min(...[0, 1, 2].map(() => timeOf(work, input, length)));
}

function timeOf(work: (input: Buffer) => void, input: Buffer, length: number): number {
  const long = Buffer.alloc(length, input.length > 0 ? input : " ");
  const start = performance.now();
  work(long);
  return performance.now() - start;
}
