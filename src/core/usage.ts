/** Tokens of one or more answers. `total = input + cacheRead + cacheWrite + output`; `output` includes `reasoning`. */
export interface Usage {
  /** Prompt tokens that were neither read from nor written to a prompt cache. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** All generated tokens, including reasoning. */
  readonly output: number;
  readonly reasoning: number;
  readonly total: number;
  /** True if some numbers were counted locally, because the provider did not report valid ones. */
  readonly estimated: boolean;
  /** Finer classes if the provider reports them: cacheWrite5m, cacheWrite1h, audio and image tokens, tool units. */
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

/** Whether a value is a valid number of tokens. Costs are computed from it, so it must be exact. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Builds a Usage from counts. Invalid counts are ignored and make it an estimate; zero details are omitted. */
export function usageOf(counts: UsageCounts): Usage {
  const { input, cacheRead, cacheWrite, output, reasoning } = counts;
  let flawed =
    isFlawed(input) || isFlawed(cacheRead) || isFlawed(cacheWrite) || isFlawed(output) || isFlawed(reasoning);
  const details: Record<string, number> = {};
  for (const [name, value] of Object.entries(counts.details ?? {})) {
    if (isFlawed(value)) flawed = true;
    else if (value != null && value > 0) details[name] = value;
  }
  const classes = {
    input: countIn(input),
    cacheRead: countIn(cacheRead),
    cacheWrite: countIn(cacheWrite),
    output: countIn(output),
  };
  return {
    ...classes,
    reasoning: Math.min(countIn(reasoning), classes.output),
    total: classes.input + classes.cacheRead + classes.cacheWrite + classes.output,
    estimated: flawed || (counts.estimated ?? false),
    details,
  };
}

/** Whether something was reported that is not a count. */
function isFlawed(value: unknown): boolean {
  return value !== undefined && value !== null && !isCount(value);
}

/** Validates a usage from code outside this package. */
export function checkedUsage(usage: Usage): Usage {
  const { input, cacheRead, cacheWrite, output, reasoning, total, details } = usage;
  const adds = total === input + cacheRead + cacheWrite + output;
  const counted = isCount(input) && isCount(cacheRead) && isCount(cacheWrite) && isCount(output) && isCount(reasoning);
  return adds && counted && hasCounts(details) ? usage : usageOf(usage);
}

function hasCounts(details: unknown): boolean {
  return typeof details === "object" && details !== null && Object.values(details).every(isCount);
}

function countIn(value: unknown): number {
  return isCount(value) ? value : 0;
}

export function addUsage(left: Usage, right: Usage): Usage {
  return {
    input: left.input + right.input,
    cacheRead: left.cacheRead + right.cacheRead,
    cacheWrite: left.cacheWrite + right.cacheWrite,
    output: left.output + right.output,
    reasoning: left.reasoning + right.reasoning,
    total: left.total + right.total,
    estimated: left.estimated || right.estimated,
    details: addDetails(left.details, right.details),
  };
}

/** A sum that grows in place. */
export class UsageSum {
  input = 0;
  cacheRead = 0;
  cacheWrite = 0;
  output = 0;
  reasoning = 0;
  total = 0;
  estimated = false;
  details: Usage["details"] = NO_USAGE.details;

  add(usage: Usage): void {
    this.input += usage.input;
    this.cacheRead += usage.cacheRead;
    this.cacheWrite += usage.cacheWrite;
    this.output += usage.output;
    this.reasoning += usage.reasoning;
    this.total += usage.total;
    this.estimated ||= usage.estimated;
    this.details = addDetails(this.details, usage.details);
  }

  read(): Usage {
    return { ...this };
  }
}

/** Most usage has no details; then nothing is copied. */
function addDetails(left: Usage["details"], right: Usage["details"]): Usage["details"] {
  let sum: Record<string, number> | undefined;
  for (const name in right) {
    sum ??= { ...left };
    sum[name] = (sum[name] ?? 0) + (right[name] ?? 0);
  }
  return sum ?? left;
}
