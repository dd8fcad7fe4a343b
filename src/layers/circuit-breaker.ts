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
import { isModelError, ModelError } from "../core/error.ts";
import type { Layer } from "../core/layer.ts";
import type { BreakerState, Target } from "../core/target.ts";
import { hold, type Release, releasing } from "./guard.ts";

/**
 * The breakers of a factory, one per target (origin and model id), shared by all entries that lead there with the same
 * settings: an entry with settings of its own is not judged by those of another.
 */
export class Breakers {
  readonly #slots = new Map<string, Slot>();
  readonly #known = new WeakMap<Target, Slot>();

  of(target: Target): CircuitBreakerPolicy | undefined {
    return this.#slotOf(target)?.policy;
  }

  /** Targets with a breaker and its state, for display. */
  states(): ReadonlyMap<string, BreakerState> {
    return new Map([...this.#slots.values()].map(({ key, policy }) => [key, STATE_NAMES[policy.state]]));
  }

  /** `undefined` when the target has no breaker. */
  state(target: Target): BreakerState | undefined {
    const policy = this.of(target);
    return policy && STATE_NAMES[policy.state];
  }

  /** Refuses every call to the target until `reset`. */
  isolate(target: Target): void {
    this.of(target)?.isolate();
  }

  /** Closes the breaker and forgets what it counted. Calls under way end with the breaker they began with. */
  reset(target: Target): void {
    const slot = this.#slotOf(target);
    if (slot !== undefined && target.policy.breaker !== undefined) slot.policy = makePolicy(target.policy.breaker);
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

  #shared(key: string, settings: NonNullable<Target["policy"]["breaker"]>): Slot {
    const { threshold, windowMs, halfOpenAfterMs } = settings;
    const id = `${key} ${threshold} ${windowMs} ${halfOpenAfterMs}`;
    const shared = this.#slots.get(id) ?? { key, policy: makePolicy(settings) };
    this.#slots.set(id, shared);
    return shared;
  }
}

interface Slot {
  readonly key: string;
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

function makePolicy({
  threshold,
  windowMs,
  halfOpenAfterMs,
}: NonNullable<Target["policy"]["breaker"]>): CircuitBreakerPolicy {
  const breaker = windowMs === undefined ? new ConsecutiveBreaker(threshold) : new WindowBreaker(threshold, windowMs);
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
  #failures: number[] = [];

  constructor(threshold: number, windowMs: number) {
    this.#threshold = threshold;
    this.#windowMs = windowMs;
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#failures = [];
  }

  failure(): boolean {
    const now = performance.now();
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
      (outcome) => release(seenByBreaker(outcome, probing)),
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
    if (error instanceof BrokenCircuitError) throw open(call, "it failed repeatedly and is given time to recover");
    if (error instanceof IsolatedCircuitError) throw open(call, "it was isolated by hand");
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
  if (outcome.ok || (!outcome.error.row.countsForBreaker && !probing)) return outcome;
  return { ok: false, error: new TargetFailure(outcome.error.code) as unknown as ModelError };
}

function abandoned(call: Call): ModelError {
  const { reason } = call.cancellation;
  return isModelError(reason) ? reason : new ModelError({ code: "aborted", message: "The reader left." });
}
