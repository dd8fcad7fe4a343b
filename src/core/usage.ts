/** Tokens of one or several answers. `total = input + cacheRead + cacheWrite + output`; `reasoning` is a part of `output`. */
export interface Usage {
  /** Prompt tokens that were neither read from nor written to a prompt cache. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Everything the model produced, reasoning included. */
  readonly output: number;
  readonly reasoning: number;
  readonly total: number;
  /** True when the provider gave no numbers and they were counted locally. */
  readonly estimated: boolean;
  /** Finer classes where the provider tells them: cacheWrite5m, cacheWrite1h, audio and image tokens, tool units. */
  readonly details: Readonly<Record<string, number>>;
}

export const NO_USAGE: Usage = Object.freeze({
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  output: 0,
  reasoning: 0,
  total: 0,
  estimated: false,
  details: Object.freeze({}),
});

export interface UsageCounts {
  readonly input: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly output: number;
  readonly reasoning?: number | undefined;
  readonly estimated?: boolean;
  readonly details?: Readonly<Record<string, number | null | undefined>>;
}

/** Builds a Usage from a provider's counts: nothing negative, nothing NaN, zero details left out. */
export function usageOf(counts: UsageCounts): Usage {
  const input = count(counts.input);
  const cacheRead = count(counts.cacheRead);
  const cacheWrite = count(counts.cacheWrite);
  const output = count(counts.output);
  const details: Record<string, number> = {};
  for (const [name, value] of Object.entries(counts.details ?? {})) if (count(value) > 0) details[name] = count(value);
  return {
    input,
    cacheRead,
    cacheWrite,
    output,
    reasoning: Math.min(count(counts.reasoning), output),
    total: input + cacheRead + cacheWrite + output,
    estimated: counts.estimated ?? false,
    details,
  };
}

function count(value: number | null | undefined): number {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? Math.round(value) : 0;
}

export function addUsage(left: Usage, right: Usage): Usage {
  const details: Record<string, number> = { ...left.details };
  for (const [name, value] of Object.entries(right.details)) details[name] = (details[name] ?? 0) + value;
  return {
    input: left.input + right.input,
    cacheRead: left.cacheRead + right.cacheRead,
    cacheWrite: left.cacheWrite + right.cacheWrite,
    output: left.output + right.output,
    reasoning: left.reasoning + right.reasoning,
    total: left.total + right.total,
    estimated: left.estimated || right.estimated,
    details,
  };
}
