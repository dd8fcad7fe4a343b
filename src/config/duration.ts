const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A duration as a string: digits, an optional fraction and a unit. */
export const DURATION_PATTERN = /^\d+(?:\.\d+)?(?:ms|s|m|h)$/;

/** Converts a valid duration of models.toml to milliseconds: a number is seconds, a string has its unit. */
export function durationMs(value: number | string): number {
  if (typeof value === "number") return Math.round(value * 1_000);
  const unit = value.endsWith("ms") ? "ms" : (value.slice(-1) as "s" | "m" | "h");
  return Math.round(Number.parseFloat(value) * UNIT_MS[unit]);
}
