const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds of a duration in a provider's format: `17ms`, `6m0s`, `2m59.56s`, `53.01s`, or seconds without a unit.
 * `undefined` for anything else; never NaN or negative.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed) * 1_000;
  let total = 0;
  let read = 0;
  for (const [part, amount, unit] of trimmed.matchAll(/(\d{1,15}(?:\.\d{1,15})?)(ms|us|µs|ns|s|m|h|d)/gy)) {
    total += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
    read += part.length;
  }
  return read > 0 && read === trimmed.length ? total : undefined;
}

const NUMBER = /^\d{1,15}(\.\d{1,15})?$/;

/** Milliseconds from `nowMs` until a date (RFC 3339 or HTTP-date), at least 0; `undefined` if it is not a date. */
export function untilDate(text: string, nowMs: number): number | undefined {
  if (!/^\d{4}-\d\d-\d\d[T ]|^[A-Z][a-z]{2,8},? /.test(text.trim())) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** Numbers from here on are points in time: as seconds they would be 31 years. */
const FIRST_EPOCH_S = 1_000_000_000;
const FIRST_EPOCH_MS = FIRST_EPOCH_S * 100;

/**
 * Milliseconds to wait, from any format that providers use: a duration, a date, seconds, or the end of the wait in seconds
 * or milliseconds since 1970.
 */
export function parseWait(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  const value = NUMBER.test(trimmed) ? Number(trimmed) : 0;
  if (value >= FIRST_EPOCH_MS) return Math.max(0, value - nowMs);
  if (value >= FIRST_EPOCH_S) return Math.max(0, value * 1_000 - nowMs);
  return parseDuration(trimmed) ?? untilDate(trimmed, nowMs);
}
