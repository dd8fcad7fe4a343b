import { isDeepStrictEqual } from "node:util";
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker as cockatielBreaker,
  handleWhen,
  type IBreaker,
  IsolatedCircuitError,
} from "cockatiel";
import type { Call, Outcome } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { Layer } from "../core/layer.ts";
import type { BreakerState, Target } from "../core/target.ts";
import { hold, type Release, releasing } from "./guard.ts";

/**
 * The breakers of a factory. A target (origin and model id) has one for each set of settings that its entries bring: all
 * of them hear of every call to the target, and each judges by its own numbers.
 */
export class Breakers {
  readonly #clock: Clock;
  readonly #targets = new Map<string, Slot[]>();
  readonly #isolated = new Set<string>();
  readonly #known = new WeakMap<Target, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(target: Target): CircuitBreakerPolicy | undefined {
    return this.#slotOf(target)?.policy;
  }

  /** `undefined` when the target has no breaker. */
  state(target: Target): BreakerState | undefined {
    const policy = this.of(target);
    return policy && STATE_NAMES[policy.state];
  }

  /** Refuses every call to the target, of whatever entry, until `reset`. */
  isolate({ key }: Target): void {
    this.#isolated.add(key);
    for (const { policy } of this.#slotsOf(key)) policy.isolate();
  }

  /** Closes the target's breakers and forgets what they counted. Calls under way end with the breaker they began with. */
  reset({ key }: Target): void {
    this.#isolated.delete(key);
    for (const slot of this.#slotsOf(key)) slot.policy = makePolicy(slot.settings, this.#clock);
  }

  /** The outcome of a call, for the breakers of the same target that did not admit it. Those that are open wait for their own probe. */
  tell(target: Target, admitting: CircuitBreakerPolicy, outcome: Outcome): void {
    for (const { policy } of this.#slotsOf(target.key)) {
      if (policy === admitting || policy.state !== CircuitState.Closed) continue;
      hold(policy).then((release) => release(outcome));
    }
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
    const known = slots.find((slot) => isDeepStrictEqual(slot.settings, settings));
    if (known !== undefined) return known;
    const made = { settings, policy: makePolicy(settings, this.#clock) };
    if (this.#isolated.has(key)) made.policy.isolate();
    slots.push(made);
    return made;
  }
}

type BreakerSettings = NonNullable<Target["policy"]["breaker"]>;

interface Slot {
  readonly settings: BreakerSettings;
  policy: CircuitBreakerPolicy;
}

const STATE_NAMES = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "isolated",
} as const;

/** Failures that say something about the target; all others leave the breaker as it is. */
class TargetFailure extends Error {}

function makePolicy({ threshold, windowMs, halfOpenAfterMs }: BreakerSettings, clock: Clock): CircuitBreakerPolicy {
  const breaker =
    windowMs === undefined ? new ConsecutiveBreaker(threshold) : new WindowBreaker(threshold, windowMs, clock);
  return cockatielBreaker(
    handleWhen((error) => error instanceof TargetFailure),
    { halfOpenAfter: halfOpenAfterMs, breaker },
  );
}

/** `threshold` failures within the window, whatever succeeds in between: no share of calls, no minimum rate. */
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

/**
 * Refuses calls to a target that failed repeatedly. Stands above retry and holds its verdict until the target has
 * answered or given up, so that a call counts once however often it tried; 4xx never count.
 */
export function circuitBreaker(breakers: Breakers): Layer {
  return async function* (call, next) {
    const policy = breakers.of(call.target);
    if (policy === undefined) {
      yield* next(call);
      return;
    }
    const release = await admit(policy, call);
    const probing = policy.state === CircuitState.HalfOpen;
    yield* releasing(
      next(call),
      (outcome) => {
        release(seenByBreaker(outcome, probing));
        breakers.tell(call.target, policy, seenByBreaker(outcome, false));
      },
      () => abandoned(call),
    );
  };
}

/** Below retry: a target whose breaker opened in the meantime is not tried again, and a probe is one request. */
export function breakerGate(breakers: Breakers): Layer {
  return (call, next) => {
    const policy = call.tryIndex === 0 ? undefined : breakers.of(call.target);
    if (policy === undefined || policy.state === CircuitState.Closed) return next(call);
    throw open(call, "its breaker opened while this call was waiting");
  };
}

async function admit(policy: CircuitBreakerPolicy, call: Call): Promise<Release> {
  // While a probe is out, cockatiel would let others wait for it without hearing an abort; they are refused instead.
  if (policy.state === CircuitState.HalfOpen) throw open(call, "one probe is under way");
  try {
    return await hold(policy);
  } catch (error) {
    // The more special first: cockatiel derives it from the other.
    if (error instanceof IsolatedCircuitError) throw open(call, "it was isolated by hand");
    if (error instanceof BrokenCircuitError) throw open(call, "it failed repeatedly and is given time to recover");
    throw error;
  }
}

function open({ target }: Call, why: string): ModelError {
  return new ModelError({
    code: "circuit_open",
    message: `${target.provider} (${target.modelId}): not asked: ${why}`,
    provider: target.provider,
    model: target.entry,
  });
}

/**
 * A success closes, a failure of the target counts, anything else is neutral. A probe must not close the breaker on a
 * neutral end (cockatiel would), so there it counts as a failure: the next probe decides.
 */
function seenByBreaker(outcome: Outcome, probing: boolean): Outcome {
  if (outcome.ok || (!countsForBreaker(outcome.error) && !probing)) return outcome;
  return { ok: false, error: new TargetFailure(outcome.error.code) as unknown as ModelError };
}

function countsForBreaker(error: ModelError): boolean {
  return error.row.countsForBreaker && !error.reusedSocket;
}

function abandoned(call: Call): ModelError {
  const { reason } = call.cancellation;
  return isModelError(reason) ? reason : new ModelError({ code: "aborted", message: "The reader left." });
}
