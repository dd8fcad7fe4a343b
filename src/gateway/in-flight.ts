import type { GatewayConfig, GatewayKey } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { Exchange } from "./exchange.ts";

/** The requests in flight. */
export class InFlight {
  readonly #exchanges = new Set<Exchange>();
  /** How many each key has. */
  readonly #ofKeys = new Map<string, number>();
  /** Called when the last request has ended. */
  #onIdle: (() => void) | undefined;

  /**
   * With several keys, a key may have as many requests as there are free places. A single busy key therefore gets at most half
   * of `max_in_flight`, and does not lock the others out.
   * @throws Rejection if the limit is reached.
   */
  enter(exchange: Exchange, { maxInFlight, keys }: GatewayConfig, key: GatewayKey | undefined): void {
    const room = maxInFlight - this.#exchanges.size;
    if (room <= 0) throw full("The gateway has too many requests in flight.", "overloaded");
    const own = key === undefined ? 0 : (this.#ofKeys.get(key.name) ?? 0);
    if (keys.length > 1 && own >= room)
      throw full(`The key "${key?.name}" has too many requests in flight.`, "rate-limit");
    this.#exchanges.add(exchange);
    if (key !== undefined) this.#ofKeys.set(key.name, own + 1);
  }

  leave(exchange: Exchange): void {
    if (!this.#exchanges.delete(exchange)) return;
    const name = exchange.parts.key?.name;
    if (name !== undefined) this.#left(name);
    if (this.#exchanges.size === 0) this.#onIdle?.();
  }

  /** Ends the calls. */
  stop(reason: ModelError): void {
    for (const exchange of this.#exchanges) exchange.stop(reason);
  }

  /** Resolves when there is none, or at the end of the time. */
  idleWithin(clock: Clock, limitMs: number): Promise<void> {
    if (this.#exchanges.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.schedule(resolve, limitMs);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  /** The counts of keys without a request are dropped: keys come and go with reloads. */
  #left(name: string): void {
    const rest = (this.#ofKeys.get(name) ?? 1) - 1;
    if (rest === 0) this.#ofKeys.delete(name);
    else this.#ofKeys.set(name, rest);
  }
}

function full(message: string, kind: "overloaded" | "rate-limit"): Rejection {
  return new Rejection({ kind, status: kind === "overloaded" ? 503 : 429, message, retryAfter: 1 });
}
