import type { EntryRateLimit, Rate } from "../core/budget.ts";
import { WAIT_DEFAULTS } from "./schema-money.ts";
import type { Table } from "./table.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  Second: 1_000,
  Minute: 60_000,
  Hour: 3_600_000,
  Day: 86_400_000,
};
const ALIASES: Readonly<Record<string, string>> = { rpm: "requestsPerMinute", tpm: "tokensPerMinute" };

/** The rates in a table with camelCase keys, such as `requestsPerMinute`. */
export function ratesOf(table: Table): readonly Rate[] {
  return Object.entries(table).flatMap(([key, limit]) => {
    const [, of, unit = ""] = /^(requests|tokens)Per(\w+)$/.exec(ALIASES[key] ?? key) ?? [];
    const perMs = UNIT_MS[unit];
    return perMs === undefined || typeof limit !== "number" ? [] : [{ of: of as Rate["of"], limit, perMs }];
  });
}

/** `rate_limit` of an entry, which is converted already, with defaults. */
export function entryRateLimitOf(table: object | undefined): EntryRateLimit | undefined {
  if (table === undefined) return undefined;
  const { maxParallel, onExceeded, maxWait, queue } = table as Partial<EntryRateLimit>;
  return {
    rates: ratesOf(table as Table),
    maxParallel,
    onExceeded: onExceeded ?? WAIT_DEFAULTS.on_exceeded,
    maxWait: maxWait ?? WAIT_DEFAULTS.max_wait * 1_000,
    queue: queue ?? WAIT_DEFAULTS.queue,
  };
}
