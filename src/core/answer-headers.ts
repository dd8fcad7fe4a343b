import { parseWait } from "./duration.ts";
import type { RateLimit } from "./rate-limit.ts";
import { emptyBucketResets, mayLimit, rateLimitIn } from "./rate-limit-headers.ts";
import { waitInWords } from "./wait-words.ts";

type HeaderPair = readonly [name: string, value: string];

/** The parts of an error response that say how long to wait. */
export interface FailedAnswer {
  readonly headers?: Headers | undefined;
  /** Wall clock, milliseconds since 1970; used if there is no Date header. */
  readonly nowMs?: number | undefined;
  /** Retry delays in the body. */
  readonly body: WaitsInBody;
}

export interface WaitsInBody {
  /** Headers of an upstream response that the body repeats. */
  readonly headers: readonly HeaderPair[];
  /** Fields with a delay, each a duration with its unit or a point in time. */
  readonly waits: readonly string[];
  /** The messages of the body; parsed only if nothing else gives a delay. */
  readonly texts: readonly string[];
}

export function requestIdOf(headers: Headers | undefined): string | undefined {
  return headers?.get("x-request-id") ?? headers?.get("request-id") ?? headers?.get("apim-request-id") ?? undefined;
}

/**
 * How long the provider asks to wait: the longest of its explicit delays and, for a rate limit, the resets of all exhausted
 * limits. Messages contain rounded times, so they count only without an explicit delay.
 */
export function retryAfterOf(answer: FailedAnswer, limited: boolean): number | undefined {
  const { headers, body } = answer;
  const now = serverNow(headers, answer.nowMs);
  const pairs = [...(headers ?? []), ...body.headers];
  const milliseconds = headerIn(pairs, "retry-after-ms") ?? headerIn(pairs, "x-ms-retry-after-ms");
  if (milliseconds !== undefined && /^\d+(\.\d+)?$/.test(milliseconds.trim())) return Number(milliseconds);
  const after = headerIn(pairs, "retry-after");
  const explicit = [...(after === undefined ? [] : [after]), ...body.waits].map((text) => parseWait(text, now));
  const told = explicit.some((wait) => wait !== undefined) ? [] : body.texts.map((text) => waitInWords(text, now));
  const resets = limited ? emptyBucketResets(pairs, now) : [];
  const waits = [...explicit, ...told, ...resets].filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

function headerIn(pairs: readonly HeaderPair[], name: string): string | undefined {
  return pairs.find(([other]) => other === name)?.[1];
}

/** Uses the server's Date header, so that a wrong local clock does not turn 2 s into hours. */
function serverNow(headers: Headers | undefined, nowMs: number | undefined): number {
  const date = headers?.get("date");
  const parsed = date == null ? Number.NaN : Date.parse(date);
  return Number.isNaN(parsed) ? (nowMs ?? Date.now()) : parsed;
}

/** The provider's rate limits, from the response headers and those repeated in the body. */
export function rateLimitOf(
  headers: Headers | undefined,
  nowMs?: number,
  more?: readonly HeaderPair[],
): RateLimit | undefined {
  if (more !== undefined && more.length > 0)
    return rateLimitIn([...(headers ?? []), ...more], serverNow(headers, nowMs));
  return headers !== undefined && hasLimits(headers) ? rateLimitIn(headers, serverNow(headers, nowMs)) : undefined;
}

/** Called for every response. Many have no such headers, so pairs and dates are not parsed first. */
function hasLimits(headers: Headers): boolean {
  for (const name of headers.keys()) if (mayLimit(name)) return true;
  return false;
}
