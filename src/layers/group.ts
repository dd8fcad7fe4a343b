import type { Call, CallRecord } from "../core/call.ts";
import { isModelError } from "../core/error.ts";
import { isContent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import type { Target } from "../core/target.ts";
import type { GroupState } from "./group-states.ts";
import type { RestRule } from "./member-state.ts";
import { type Candidate, inOrder, type Strategy } from "./strategy.ts";
import type { Chain } from "./target-search.ts";

/** An entry of a group. */
export interface GroupMember {
  readonly target: Target;
  readonly weight: number;
}

export interface GroupOptions extends RestRule {
  readonly strategy: Strategy;
  readonly members: readonly GroupMember[];
  readonly state: GroupState;
  /** Targets to use if all members fail. */
  readonly fallbacks: readonly Target[];
  /** Whether a member's circuit breaker rejects calls. */
  readonly isOpen: (target: Target) => boolean;
  readonly leftOut: readonly string[];
}

interface Member extends Candidate {
  readonly target: Target;
  /** The same without retries, for use while another member remains. */
  readonly hasty: Target;
}

/** Entries that share calls: the strategy chooses the order; a member that failed too often comes last during its cooldown. */
export class Group {
  readonly #options: GroupOptions;
  readonly #members: readonly Member[];
  readonly #chosen = new WeakMap<CallRecord, Chain>();

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#members = options.members.map(({ target, weight }) => ({
      target,
      hasty: { ...target, policy: { ...target.policy, numRetries: 0 } },
      weight,
      price: () => target.price(),
      state: options.state.memberOf(target.entry),
    }));
  }

  /** Outermost: chooses the first member for the call. */
  readonly choose: Layer = (call, next) => {
    const chain = this.#chainFor(call);
    this.#chosen.set(call.record, chain);
    return next({ ...call, target: chain.primary });
  };

  /** The targets of a call, in order. */
  readonly chainOf = (call: Call): Chain => this.#chosen.get(call.record.root) ?? this.#chainFor(call);

  /** Below fallback: records the outcome of each member. */
  readonly watch: Layer = (call, next) => {
    const member = this.#members.find(({ target }) => target.entry === call.target.entry);
    if (member === undefined) return next(call);
    return watched(member, this.#options, call.fallbackRemains ? { ...call, target: member.hasty } : call, next);
  };

  #chainFor({ clock, random }: Call): Chain {
    const nowMs = clock.monotonic();
    const { strategy, state, isOpen, fallbacks, leftOut } = this.#options;
    const ranked = inOrder(strategy, this.#members, { turn: state.nextTurn(), random, nowMs });
    const restMs = (member: Member) => Math.max(member.state.restMs(nowMs), isOpen(member.target) ? 1 : 0);
    const targets = ranked.toSorted((left, right) => restMs(left) - restMs(right)).map(({ target }) => target);
    const [primary, ...others] = targets as [Target, ...Target[]];
    const lists = {
      general: [...others, ...fallbacks],
      context: undefined,
      "rate-limit": undefined,
      policy: undefined,
    };
    return { primary, isGroup: true, fallbacks: (kind) => lists[kind], leftOut };
  }
}

async function* watched({ state }: Member, rule: RestRule, call: Call, next: Parameters<Layer>[1]): ReturnType<Layer> {
  const { clock } = call;
  const startedMs = clock.monotonic();
  let spoke = false;
  let tokens = 0;
  state.inFlight += 1;
  try {
    for await (const batch of next(call)) {
      for (const event of batch) {
        if (event.type === "usage") tokens = event.usage.total;
        if (spoke || !isContent(event)) continue;
        spoke = true;
        state.spoke(clock.monotonic() - startedMs, clock.monotonic());
      }
      yield batch;
    }
  } catch (error) {
    if (isModelError(error)) state.failed(error, rule, clock.monotonic());
    throw error;
  } finally {
    state.inFlight -= 1;
    state.used(tokens, clock.monotonic());
  }
}
