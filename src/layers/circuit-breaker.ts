import { isDeepStrictEqual } from "node:util";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { type Events, isContent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import type { BreakerState, Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import type { Exchange } from "../core/transport.ts";
import { Breaker, type BreakerSettings, type Report, type Verdict } from "./breaker.ts";

/**
 * The circuit breakers of a factory. A target (origin and model id) has one for each set of settings of its entries: all of
 * them count every call to the target, each with its own thresholds.
 */
export class Breakers {
  readonly #clock: Clock;
  readonly #targets = new Map<string, Slot[]>();
  readonly #isolated = new Set<string>();
  readonly #known = new WeakMap<Target, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(target: Target): Breaker | undefined {
    return this.#slotOf(target)?.breaker;
  }

  /** `undefined` if the target has no breaker. */
  state(target: Target): BreakerState | undefined {
    return this.of(target)?.state;
  }

  /** Rejects every call to the target, from any entry, until `reset`. */
  isolate({ key }: Target): void {
    this.#isolated.add(key);
    for (const { breaker } of this.#slotsOf(key)) breaker.isolate();
  }

  /** Closes the target's breakers and clears their counts. In-flight calls keep their breaker. */
  reset({ key }: Target): void {
    this.#isolated.delete(key);
    for (const slot of this.#slotsOf(key)) slot.breaker = new Breaker(slot.breaker.settings, this.#clock);
  }

  /** Passes the result of a call to the other breakers of the target. Open ones wait for their own probe. */
  tell(target: Target, admitting: Breaker, verdict: Verdict): void {
    for (const { breaker } of this.#slotsOf(target.key))
      if (breaker !== admitting && breaker.state === "closed") breaker.count(verdict);
  }

  #slotsOf(key: string): Slot[] {
    const slots = this.#targets.get(key) ?? [];
    this.#targets.set(key, slots);
    return slots;
  }

  #slotOf(target: Target): Slot | undefined {
    const settings = target.policy.breaker;
    if (settings === undefined) return undefined;
    let slot = this.#known.get(target);
    if (slot === undefined) {
      slot = this.#shared(target.key, settings);
      this.#known.set(target, slot);
    }
    return slot;
  }

  #shared(key: string, settings: BreakerSettings): Slot {
    const slots = this.#slotsOf(key);
    const known = slots.find(({ breaker }) => isDeepStrictEqual(breaker.settings, settings));
    if (known !== undefined) return known;
    const made = { breaker: new Breaker(settings, this.#clock) };
    if (this.#isolated.has(key)) made.breaker.isolate();
    slots.push(made);
    return made;
  }
}

/** Entries of one target share it, even after a reset. */
interface Slot {
  breaker: Breaker;
}

/**
 * Rejects calls to a target that failed repeatedly. It is above retry and counts only the final result, so that a call counts
 * once, regardless of its attempts; 4xx never count.
 */
export function circuitBreaker(breakers: Breakers): Layer {
  return (call, next) => {
    const breaker = breakers.of(call.target);
    return breaker === undefined ? next(call) : guarded(breakers, breaker, call, next);
  };
}

async function* guarded(breakers: Breakers, breaker: Breaker, call: Call, next: Parameters<Layer>[1]): Events {
  const report = admit(breaker, call);
  const before = call.record.exchange;
  let sawContent = false;
  let verdict: Verdict = "unknown";
  try {
    for await (const batch of next(call)) {
      sawContent ||= batch.some(isContent);
      yield batch;
    }
    verdict = "healthy";
  } catch (error) {
    verdict = verdictOf(error, call.record.exchange === before ? undefined : call.record.exchange);
    throw error;
  } finally {
    // If the reader stops early, the outcome is unknown, unless the target had started to answer.
    if (verdict === "unknown" && sawContent) verdict = "answered";
    report(verdict);
    breakers.tell(call.target, breaker, verdict);
  }
}

/** Below retry: no further attempts after the breaker opened, and only one request for a probe. */
export function breakerGate(breakers: Breakers): Layer {
  return (call, next) => {
    const breaker = call.tryIndex === 0 ? undefined : breakers.of(call.target);
    if (breaker === undefined || breaker.state === "closed") return next(call);
    throw open(call, "circuit opened while this call was waiting");
  };
}

function admit(breaker: Breaker, call: Call): Report {
  const report = breaker.admit();
  if (typeof report === "string") throw open(call, report);
  return report;
}

function open({ target }: Call, why: string): ModelError {
  return targetError(target, "circuit_open", `skipped: ${why}`);
}

/** Failures of the target count. Any other response, such as a 4xx, shows that the server is available. */
function verdictOf(error: unknown, exchange: Exchange | undefined): Verdict {
  if (!isModelError(error)) return "unknown";
  if (error.row.countsForBreaker && !error.reusedSocket && !is4xx(error)) return "failed";
  if (FROM_ELSEWHERE.has(error.code)) return "unknown";
  return error.status !== undefined || exchange?.response !== undefined ? "answered" : "unknown";
}

/** Includes retried statuses: a server that sends 408 or 409 is available. */
function is4xx({ status }: ModelError): boolean {
  return status !== undefined && status >= 400 && status < 500;
}

/** Failures whose status, if any, is not from the target. */
const FROM_ELSEWHERE: ReadonlySet<ModelErrorCode> = new Set([
  "aborted",
  "circuit_open",
  "bulkhead_full",
  "limit_exceeded",
  "state_unavailable",
  "proxy_refused",
]);
