import type { RateLimit, RateWindow } from "./call.ts";
import { parseDuration, untilDate } from "./duration.ts";

/** The parts of a failed answer that say when to come back. */
interface FailedAnswer {
  readonly status: number | undefined;
  readonly headers?: Headers | undefined;
  /** Wall clock, milliseconds since 1970, for dates without a Date header beside them. */
  readonly nowMs?: number | undefined;
}

export function requestIdOf(headers: Headers | undefined): string | undefined {
  return headers?.get("x-request-id") ?? headers?.get("request-id") ?? headers?.get("apim-request-id") ?? undefined;
}

const RESET_HEADERS: readonly (readonly [remaining: string, reset: string])[] = [
  ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
  ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
  ["anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"],
  ["anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"],
  ["anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"],
  ["anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"],
];

/** How long the provider asks to wait: its explicit word, else the reset of every bucket that is empty. */
export function retryAfterOf(
  { headers, status, nowMs }: FailedAnswer,
  retryDelay: string | undefined,
): number | undefined {
  const now = serverNow(headers, nowMs);
  const milliseconds = headers?.get("retry-after-ms");
  if (milliseconds != null && /^\d+(\.\d+)?$/.test(milliseconds.trim())) return Number(milliseconds);
  const after = headers?.get("retry-after");
  const explicit = after == null ? undefined : (parseDuration(after) ?? untilDate(after, now));
  const delay = retryDelay === undefined ? undefined : parseDuration(retryDelay);
  const resets =
    headers === undefined || status !== 429 ? [] : RESET_HEADERS.map((pair) => resetOf(headers, pair, now));
  const waits = [explicit, delay, ...resets].filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

function resetOf(headers: Headers, [remaining, reset]: readonly [string, string], now: number): number | undefined {
  if (headers.get(remaining) !== "0") return undefined;
  const text = headers.get(reset);
  return text === null ? undefined : (parseDuration(text) ?? untilDate(text, now));
}

/** The server's own date, so that a wrong clock here does not turn a wait of 2 s into hours. */
function serverNow(headers: Headers | undefined, nowMs: number | undefined): number {
  const date = headers?.get("date");
  const parsed = date == null ? Number.NaN : Date.parse(date);
  return Number.isNaN(parsed) ? (nowMs ?? Date.now()) : parsed;
}

/** `x-ratelimit-*` and `anthropic-ratelimit-*` as one shape. */
export function rateLimitOf(headers: Headers, nowMs: number): RateLimit | undefined {
  const requests = windowOf(headers, "requests", nowMs);
  const tokens = windowOf(headers, "tokens", nowMs);
  if (requests === undefined && tokens === undefined) return undefined;
  return { ...(requests && { requests }), ...(tokens && { tokens }) };
}

function windowOf(headers: Headers, unit: "requests" | "tokens", nowMs: number): RateWindow | undefined {
  const read = (field: string) =>
    headers.get(`x-ratelimit-${field}-${unit}`) ?? headers.get(`anthropic-ratelimit-${unit}-${field}`);
  const limit = numberOf(read("limit"));
  const remaining = numberOf(read("remaining"));
  const reset = read("reset");
  const resetMs = reset === null ? undefined : (parseDuration(reset) ?? untilDate(reset, nowMs));
  if (limit === undefined && remaining === undefined && resetMs === undefined) return undefined;
  return {
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(resetMs !== undefined && { resetMs }),
  };
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}
