import type { RateLimits } from "./step.ts";

/** Whether a request is admitted, and the rate limit headers. */
export interface RateVerdict {
  readonly admitted: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: string;
}

const MINUTE_MS = 60_000;

/** A provider's token buckets: requests and tokens per window, refilled continuously; both are taken or none. */
export class RateLimiter {
  readonly #buckets: readonly Bucket[];

  constructor(limits: RateLimits, nowMs: number) {
    const windowMs = limits.windowMs ?? MINUTE_MS;
    const named = [
      ["requests", limits.requests],
      ["tokens", limits.tokens],
    ] as const;
    this.#buckets = named.flatMap(([name, size]) =>
      size === undefined ? [] : [new Bucket(name, size, windowMs, nowMs)],
    );
  }

  take(tokens: number, nowMs: number): RateVerdict {
    const wanted = (bucket: Bucket) => (bucket.name === "requests" ? 1 : Math.min(tokens, bucket.size));
    for (const bucket of this.#buckets) bucket.refill(nowMs);
    const short = this.#buckets.filter((bucket) => bucket.left < wanted(bucket));
    if (short.length === 0) for (const bucket of this.#buckets) bucket.left -= wanted(bucket);
    const headers = Object.assign({}, ...this.#buckets.map((bucket) => bucket.headers()));
    const waitMs = Math.max(0, ...short.map((bucket) => bucket.msUntil(wanted(bucket))));
    if (short.length === 0) return { admitted: true, headers, message: "" };
    return { admitted: false, headers: { ...headers, ...retryHeaders(waitMs) }, message: messageOf(short, waitMs) };
  }
}

class Bucket {
  readonly name: "requests" | "tokens";
  readonly size: number;
  left: number;
  readonly #windowMs: number;
  #filledMs: number;

  constructor(name: "requests" | "tokens", size: number, windowMs: number, nowMs: number) {
    this.name = name;
    this.size = size;
    this.left = size;
    this.#windowMs = windowMs;
    this.#filledMs = nowMs;
  }

  refill(nowMs: number): void {
    this.left = Math.min(this.size, this.left + ((nowMs - this.#filledMs) / this.#windowMs) * this.size);
    this.#filledMs = nowMs;
  }

  msUntil(wanted: number): number {
    return Math.max(0, ((wanted - this.left) / this.size) * this.#windowMs);
  }

  headers(): Record<string, string> {
    return {
      [`x-ratelimit-limit-${this.name}`]: String(this.size),
      [`x-ratelimit-remaining-${this.name}`]: String(Math.max(0, Math.floor(this.left))),
      [`x-ratelimit-reset-${this.name}`]: `${Math.ceil(this.msUntil(this.size))}ms`,
    };
  }
}

/** Seconds as the standard requires, and milliseconds like OpenAI. */
function retryHeaders(waitMs: number): Record<string, string> {
  return { "retry-after": String(Math.ceil(waitMs / 1000)), "retry-after-ms": String(Math.ceil(waitMs)) };
}

function messageOf(short: readonly Bucket[], waitMs: number): string {
  const names = short.map(({ name, size }) => `${name} per min: Limit ${size}`).join(", ");
  return `Rate limit reached for fault-server on ${names}. Please try again in ${Math.ceil(waitMs)}ms.`;
}

/** The tokens that a provider counts before it answers: the prompt and the maximum length of the answer. */
export function tokensOf(body: unknown, bytes: number): number {
  const asked = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const names = ["max_completion_tokens", "max_tokens", "max_output_tokens"];
  const most = names.map((name) => asked[name]).find((value) => typeof value === "number");
  return Math.ceil(bytes / 4) + (typeof most === "number" ? most : 0);
}
