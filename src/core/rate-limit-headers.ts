import { parseWait } from "./duration.ts";
import { own } from "./own.ts";
import type { RateLimit, RateWindow } from "./rate-limit.ts";

type Pairs = Iterable<readonly [name: string, value: string]>;

/** A limit in the headers, such as requests per minute or tokens per day. `name` is empty for an unnamed limit. */
interface Bucket {
  readonly name: string;
  limit?: number;
  remaining?: number;
  resetMs?: number;
}

/**
 * `x-ratelimit-reset`, `ratelimit-remaining`, `x-ratelimit-limit-tokens-minute` (Cerebras),
 * `anthropic-ratelimit-input-tokens-reset`: the field, with the name of the limit before or after it.
 */
const FIELD = /^(?:x-)?(?:[a-z]+-)?rate-?limit-(?:(.+)-)?(limit|remaining|reset)(?:-after)?(?:-(.+))?$/;
/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
const STRUCTURED = /^(?:x-)?ratelimit$/;

function bucketsIn(headers: Pairs, nowMs: number): readonly Bucket[] {
  const buckets = new Map<string, Bucket>();
  for (const [name, value] of headers) {
    if (!mayLimit(name)) continue;
    if (STRUCTURED.test(name)) readStructured(value, buckets, nowMs);
    else readField(name, value, buckets, nowMs);
  }
  return [...buckets.values()];
}

/** Whether a header of this name may be about a limit. */
export function mayLimit(name: string): boolean {
  return name.includes("rate");
}

function readField(header: string, value: string, buckets: Map<string, Bucket>, nowMs: number): void {
  const [, before, field, after] = FIELD.exec(header) ?? [];
  if (field !== undefined) note(field, value, bucketNamed(before ?? after ?? "", buckets), nowMs);
}

/** `limit=100, remaining=0, reset=50`, or a list of `"default";r=0;t=30`. */
function readStructured(value: string, buckets: Map<string, Bucket>, nowMs: number): void {
  for (const item of value.slice(0, MAX_FIELD_LENGTH).split(",")) {
    const [first = "", ...parameters] = item.split(";").map((part) => part.trim());
    const named = !first.includes("=");
    const bucket = bucketNamed(named ? first.replaceAll('"', "") : "", buckets);
    for (const parameter of named ? parameters : [first, ...parameters]) {
      const [key = "", given = ""] = parameter.split("=", 2);
      note(own(LONG_NAMES, key.trim()) ?? key.trim(), given.trim(), bucket, nowMs);
    }
  }
}

const MAX_FIELD_LENGTH = 1_000;
const LONG_NAMES: Readonly<Record<string, string>> = { q: "limit", r: "remaining", t: "reset" };

function bucketNamed(name: string, buckets: Map<string, Bucket>): Bucket {
  const known = buckets.get(name);
  if (known !== undefined) return known;
  const bucket: Bucket = { name };
  buckets.set(name, bucket);
  return bucket;
}

function note(field: string, value: string, bucket: Bucket, nowMs: number): void {
  if (field === "reset") set(bucket, "resetMs", parseWait(value, nowMs) ?? parseWait(firstOf(value), nowMs));
  else if (field === "limit" || field === "remaining") set(bucket, field, numberOf(firstOf(value)));
}

function set(bucket: Bucket, field: "limit" | "remaining" | "resetMs", value: number | undefined): void {
  if (value !== undefined) bucket[field] = value;
}

/** A repeated header arrives as a comma-separated list; older drafts list the windows after the limit. */
function firstOf(value: string): string {
  return (/^[^,;]*/.exec(value)?.[0] ?? "").trim();
}

function numberOf(text: string): number | undefined {
  return /^\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}

/** When the exhausted limits reset. An unnamed limit without `remaining` counts as exhausted. */
export function emptyBucketResets(headers: Pairs, nowMs: number): readonly number[] {
  return bucketsIn(headers, nowMs)
    .filter(({ name, remaining }) => (remaining ?? (name === "" ? 0 : 1)) <= 0)
    .flatMap(({ resetMs }) => (resetMs === undefined ? [] : [resetMs]));
}

/** The limits in the headers, in the format of `reply.rateLimit`. */
export function rateLimitIn(headers: Pairs, nowMs: number): RateLimit | undefined {
  const buckets = bucketsIn(headers, nowMs);
  const tokens = tightest(buckets.filter(countsTokens), "tokens");
  const requests = tightest(
    buckets.filter((bucket) => !countsTokens(bucket)),
    "requests",
  );
  if (requests === undefined && tokens === undefined) return undefined;
  return { ...(requests && { requests }), ...(tokens && { tokens }) };
}

function countsTokens({ name }: Bucket): boolean {
  return name.includes("token");
}

/** The overall limit if there is one, otherwise the one with the least remaining. */
function tightest(buckets: readonly Bucket[], name: string): RateWindow | undefined {
  const least = (one: Bucket, other: Bucket) =>
    (other.remaining ?? Number.POSITIVE_INFINITY) < (one.remaining ?? Number.POSITIVE_INFINITY) ? other : one;
  const [first, ...others] = buckets.filter(
    ({ limit, remaining, resetMs }) => limit !== undefined || remaining !== undefined || resetMs !== undefined,
  );
  if (first === undefined) return undefined;
  const { name: _, ...window } = buckets.find((bucket) => bucket.name === name) ?? others.reduce(least, first);
  return window;
}
