const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration as providers write it: `17ms`, `6m0s`, `2m59.56s`, `53.01s`, or bare seconds. `undefined`
 * for anything else: never NaN, never negative.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d{1,15}(\.\d{1,15})?$/.test(trimmed)) return Number(trimmed) * 1_000;
  let total = 0;
  let read = 0;
  for (const [part, amount, unit] of trimmed.matchAll(/(\d{1,15}(?:\.\d{1,15})?)(ms|s|m|h|d)/gy)) {
    total += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
    read += part.length;
  }
  return read > 0 && read === trimmed.length ? total : undefined;
}

/** Milliseconds from `nowMs` until a wire date (RFC 3339 or HTTP-date), not below 0; `undefined` when it is no date. */
export function untilDate(text: string, nowMs: number): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT|^[A-Z][a-z]{2},? /.test(text.trim())) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
