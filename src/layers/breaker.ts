import { CircuitState, ConsecutiveBreaker, type IBreaker } from "cockatiel";
import type { Clock } from "../core/clock.ts";
import type { BreakerState, Target } from "../core/target.ts";

export type BreakerSettings = NonNullable<Target["policy"]["breaker"]>;

/**
 * The result of a call for its target. "answered": the server is available, but the call did not succeed (a 4xx, a reader
 * that stopped early); "unknown": no result, for example because no request was sent.
 */
export type Verdict = "healthy" | "failed" | "answered" | "unknown";

/** Reports how an admitted call ended. */
export type Report = (verdict: Verdict) => void;

/**
 * The states of one circuit breaker, on the injected monotonic clock. Only cockatiel's counter is used: its policy reads the
 * wall clock, so a clock that is set back keeps it open, and it queues other calls during a probe.
 */
export class Breaker {
  readonly settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #counter: IBreaker;
  #state: BreakerState = "closed";
  #probeAtMs = 0;
  #probe: object | undefined;

  constructor(settings: BreakerSettings, clock: Clock) {
    const { threshold, windowMs } = settings;
    this.settings = settings;
    this.#clock = clock;
    this.#counter =
      windowMs === undefined ? new ConsecutiveBreaker(threshold) : new WindowBreaker(threshold, windowMs, clock);
  }

  get state(): BreakerState {
    return this.#state;
  }

  isolate(): void {
    this.#state = "isolated";
  }

  /** Admits a call, or returns why not. */
  admit(): Report | string {
    switch (this.#state) {
      case "closed":
        return (verdict) => this.count(verdict);
      case "open":
        return this.#admitProbe();
      case "half-open":
        return "circuit open; a probe is in flight";
      case "isolated":
        return "isolated manually";
    }
  }

  /** Counts the result of a call that was not a probe. */
  count(verdict: Verdict): void {
    if (verdict === "healthy") this.#counter.success(CircuitState.Closed);
    if (verdict === "failed" && this.#counter.failure(CircuitState.Closed)) this.#open(this.settings.halfOpenAfterMs);
  }

  #admitProbe(): Report | string {
    const leftMs = this.#probeAtMs - this.#clock.monotonic();
    if (leftMs > 0) return `circuit open: it failed repeatedly; probe in ${Math.ceil(leftMs / 100) / 10} s`;
    const probe = {};
    this.#probe = probe;
    this.#state = "half-open";
    return (verdict) => {
      if (this.#state === "half-open" && this.#probe === probe) this.#endProbe(verdict);
    };
  }

  /** After a probe without a result, the next call is the probe, without another wait. */
  #endProbe(verdict: Verdict): void {
    if (verdict === "unknown") {
      this.#open(0);
    } else if (verdict === "failed") {
      this.#counter.failure(CircuitState.HalfOpen);
      this.#open(this.settings.halfOpenAfterMs);
    } else {
      this.#counter.success(CircuitState.HalfOpen);
      this.#state = "closed";
    }
  }

  #open(probeAfterMs: number): void {
    if (this.#state === "open" || this.#state === "isolated") return;
    this.#state = "open";
    this.#probeAtMs = this.#clock.monotonic() + probeAfterMs;
  }
}

/** `threshold` failures within the window, regardless of successes: no failure rate, no minimum throughput. */
class WindowBreaker implements IBreaker {
  state: unknown;
  readonly #threshold: number;
  readonly #windowMs: number;
  readonly #clock: Clock;
  #failures: number[] = [];

  constructor(threshold: number, windowMs: number, clock: Clock) {
    this.#threshold = threshold;
    this.#windowMs = windowMs;
    this.#clock = clock;
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#failures = [];
  }

  failure(): boolean {
    const now = this.#clock.monotonic();
    this.#failures = this.#failures.filter((at) => at > now - this.#windowMs);
    this.#failures.push(now);
    return this.#failures.length >= this.#threshold;
  }
}
