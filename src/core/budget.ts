/** The calls that a budget or a rate limit applies to: those that have a value of each given list. Absent: every call. */
export interface Match {
  /** Entries that serve the attempt. */
  readonly models?: readonly string[] | undefined;
  readonly providers?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  /** Keys of the gateway; written as `budget` and `rate_limit` of a key. */
  readonly gatewayKeys?: readonly string[] | undefined;
}

/** Whether a rule can apply to the calls of a target, whatever their tags and users are. */
export function canMatch(
  { match = {} }: { readonly match?: Match | undefined },
  { entry, provider }: { readonly entry: string; readonly provider: string },
): boolean {
  return (match.models?.includes(entry) ?? true) && (match.providers?.includes(provider) ?? true);
}

export function pathOf({ path, name }: Pick<Budget, "path" | "name">): readonly string[] {
  return path ?? ["budgets", name];
}

/** What a budget or limit is counted by. */
export type Per = "user" | "tag" | "key" | "model" | "provider" | "scope";

export type Period = "hour" | "day" | "week" | "month" | "total";

/** `[budgets.NAME]` with defaults. */
export interface Budget {
  readonly name: string;
  /** Its table in models.toml. Default: `budgets.NAME`. */
  readonly path?: readonly string[] | undefined;
  /** The entries that its calls are made to, without their fallbacks; absent: all that match. For advice only. */
  readonly entries?: readonly string[] | undefined;
  /** Nano-USD per period; absent: `tokens` is the limit. */
  readonly nanoUsd?: bigint | undefined;
  readonly tokens?: bigint | undefined;
  readonly period: Period;
  /** IANA name of the time zone in which periods begin. */
  readonly timezone: string;
  /** One counter for each combination of these; empty: one for all matching calls. */
  readonly per: readonly Per[];
  readonly match?: Match | undefined;
  /** Keys of the gateway whose calls are charged too, whether they match or not. */
  readonly alsoFor?: readonly string[] | undefined;
  /** Share of the limit from which the state is "warning". */
  readonly warnAt: number;
  readonly onExceeded: "refuse" | "fallback";
  /** Whether calls with an unknown price are refused. */
  readonly unpriced: "refuse" | "allow";
  /** Sent and reserved for calls without `max_new_tokens`. */
  readonly maxOutput?: number | undefined;
  /** Milliseconds to wait while only other reservations are in the way. */
  readonly maxWait: number;
  readonly maxCounters: number;
}

/** One limit of requests or tokens in a time. */
export interface Rate {
  readonly of: "requests" | "tokens";
  readonly limit: number;
  readonly perMs: number;
}

/** `[rate_limits.NAME]`, or `rate_limit` of an entry, with defaults. */
export interface RateRule {
  readonly name: string;
  readonly rates: readonly Rate[];
  readonly maxParallel?: number | undefined;
  readonly per: readonly Per[];
  readonly match?: Match | undefined;
  readonly onExceeded: "wait" | "refuse";
  /** Milliseconds. */
  readonly maxWait: number;
  /** Maximum attempts that wait in this process. */
  readonly queue: number;
}

/** `rate_limit` of an entry, with defaults. */
export type EntryRateLimit = Omit<RateRule, "name" | "per" | "match">;

/** `[state]` with defaults. */
export interface StateSettings {
  readonly store: "memory" | "sqlite" | "redis";
  readonly path: string;
  readonly url?: string | undefined;
  readonly prefix: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly onUnavailable: "refuse" | "allow";
}
