import { parseWait } from "./duration.ts";
import type { RateLimit } from "./rate-limit.ts";
import { emptyBucketResets, rateLimitIn } from "./rate-limit-headers.ts";
import { waitInWords } from "./wait-words.ts";

type HeaderPair = readonly [name: string, value: string];

/** The parts of a failed answer that say when to come back. */
export interface FailedAnswer {
  readonly headers?: Headers | undefined;
  /** Wall clock, milliseconds since 1970, for dates without a Date header beside them. */
  readonly nowMs?: number | undefined;
  /** What its body says about it. */
  readonly body: WaitsInBody;
}

export interface WaitsInBody {
  /** Headers of another answer that the body repeats. */
  readonly headers: readonly HeaderPair[];
  /** Waits in fields, each with its unit, or a point of time. */
  readonly waits: readonly string[];
  /** Its messages, whose words are read where nothing else says how long. */
  readonly texts: readonly string[];
}

export function requestIdOf(headers: Headers | undefined): string | undefined {
  return headers?.get("x-request-id") ?? headers?.get("request-id") ?? headers?.get("apim-request-id") ?? undefined;
}

/**
 * How long the provider asks to wait: the longest of its explicit word and, if a limit is what failed, the reset of every
 * bucket that is empty. Words of a message round, so they count only without an explicit word.
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

/** The server's own date, so that a wrong clock here does not turn a wait of 2 s into hours. */
function serverNow(headers: Headers | undefined, nowMs: number | undefined): number {
  const date = headers?.get("date");
  const parsed = date == null ? Number.NaN : Date.parse(date);
  return Number.isNaN(parsed) ? (nowMs ?? Date.now()) : parsed;
}

/** What the headers of an answer, and those its body repeats, say about the provider's limits. */
export function rateLimitOf(
  headers: Headers | undefined,
  nowMs?: number,
  more?: readonly HeaderPair[],
): RateLimit | undefined {
  const pairs = more === undefined || more.length === 0 ? headers : [...(headers ?? []), ...more];
  return pairs === undefined ? undefined : rateLimitIn(pairs, serverNow(headers, nowMs));
}
