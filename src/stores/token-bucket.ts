import type { RateClaim } from "../core/store.ts";

/**
 * The state of a bucket is the time at which it will be full again. All stores compute it in this way, with doubles, so that
 * they agree.
 */
type FullAtMs = number | undefined;

/** Milliseconds until the amount fits; 0 if it does now; Infinity if it is larger than the bucket. */
export function waitFor({ limit, perMs, amount }: RateClaim, fullAtMs: FullAtMs, nowMs: number): number {
  if (amount > limit) return Number.POSITIVE_INFINITY;
  const after = Math.max(fullAtMs ?? nowMs, nowMs) + (amount * perMs) / limit;
  const waitMs = after - perMs - nowMs;
  return waitMs <= ROUNDING_MS ? 0 : Math.ceil(waitMs);
}

/** Times since 1970 as doubles are exact to 0.0002 ms, and a bucket adds up many of them. */
const ROUNDING_MS = 0.1;

/** The state after an amount was taken, or, if negative, returned. */
export function fullAfter(
  { limit, perMs }: Pick<RateClaim, "limit" | "perMs">,
  fullAtMs: FullAtMs,
  amount: number,
  nowMs: number,
): number {
  return Math.max(nowMs, Math.max(fullAtMs ?? nowMs, nowMs) + (amount * perMs) / limit);
}
