import type { ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";

/** The window for failures and tokens. */
const WINDOW_MS = 60_000;
/** Weight of the newest answer in a member's latency. */
const NEWEST = 0.3;
/** Errors after which a member cools down at once. */
const AT_ONCE: ReadonlySet<ModelErrorCode> = new Set([
  ...(["rate_limited", "quota_exhausted", "unauthorized", "forbidden", "not_found"] as const),
]);

export interface RestRule {
  /** Failures within a minute after which a member cools down. */
  readonly allowedFails: number;
  readonly cooldownMs: number;
}

/** The state of one member of a group. Times are from the monotonic clock. */
export class MemberState {
  inFlight = 0;
  readonly #failures: number[] = [];
  readonly #usage: { readonly atMs: number; readonly tokens: number }[] = [];
  #restsUntilMs = 0;
  #latency: { readonly ms: number; readonly atMs: number } | undefined;

  /** Remaining cooldown in milliseconds. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#restsUntilMs - nowMs);
  }

  /** Recent time to the first token; `undefined` if it was not used for a minute, so that it is tried again. */
  latencyMs(nowMs: number): number | undefined {
    return this.#latency === undefined || nowMs - this.#latency.atMs > WINDOW_MS ? undefined : this.#latency.ms;
  }

  /** Tokens of the last minute. */
  tokens(nowMs: number): number {
    while (this.#usage.length > 0 && nowMs - (this.#usage[0]?.atMs ?? 0) > WINDOW_MS) this.#usage.shift();
    return this.#usage.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  spoke(latencyMs: number, nowMs: number): void {
    const before = this.latencyMs(nowMs) ?? latencyMs;
    this.#latency = { ms: before + NEWEST * (latencyMs - before), atMs: nowMs };
  }

  used(tokens: number, nowMs: number): void {
    if (tokens > 0) this.#usage.push({ atMs: nowMs, tokens });
  }

  /** Errors of the request do not count for the member. */
  failed({ code, row, retryAfterMs }: ModelError, { allowedFails, cooldownMs }: RestRule, nowMs: number): void {
    if (AT_ONCE.has(code)) this.#rest(nowMs, Math.max(cooldownMs, retryAfterMs ?? 0));
    if (!row.countsForBreaker) return;
    while (this.#failures.length > 0 && nowMs - (this.#failures[0] ?? 0) > WINDOW_MS) this.#failures.shift();
    if (this.#failures.push(nowMs) >= allowedFails) this.#rest(nowMs, cooldownMs);
  }

  #rest(nowMs: number, forMs: number): void {
    this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + forMs);
    this.#failures.length = 0;
  }
}
