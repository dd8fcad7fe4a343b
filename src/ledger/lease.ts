import type { Clock } from "../core/clock.ts";
import { LEDGER_LEASE_MS } from "../core/ledger.ts";

const RENEW_MS = LEDGER_LEASE_MS / 3;

/** The lease of this process, renewed while attempts have an open row. They keep the process alive anyway. */
export class Lease {
  readonly #clock: Clock;
  readonly #renew: () => void;
  readonly #attempts = new Set<string>();
  #cancelTimer: (() => void) | undefined;
  #ended = false;

  constructor(clock: Clock, renew: () => void) {
    this.#clock = clock;
    this.#renew = renew;
  }

  hold(attempt: string): void {
    this.#attempts.add(attempt);
    if (this.#cancelTimer === undefined) this.#renewLater();
  }

  release(attempt: string): void {
    if (this.#attempts.delete(attempt) && this.#attempts.size === 0) this.#stop();
  }

  end(): void {
    this.#ended = true;
    this.#stop();
  }

  #renewLater(): void {
    if (this.#ended) return;
    this.#cancelTimer = this.#clock.schedule(() => {
      this.#renewLater();
      this.#renew();
    }, RENEW_MS);
  }

  #stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
