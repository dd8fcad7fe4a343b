import type { Claim, RefusalReason, SettledClaim } from "../../../src/core/store.ts";
import type { VirtualCaller } from "../caller.ts";
import type { WireRequest } from "../wire-request.ts";

/** Why an attempt had to wait or was rejected. */
export interface Refused {
  readonly atMs: number;
  readonly reason: RefusalReason;
  readonly claim: Claim;
  readonly waitMs: number | undefined;
}

/** A place in a queue. */
export interface Standing {
  readonly line: string;
  readonly user: string;
  readonly priority: number;
  readonly sinceMs: number;
  /** Attempts of the same user and priority that were queued before it. */
  readonly ownBefore: number;
  /** How many attempts of each user were served in the meantime, and how many of those arrived later. */
  readonly servedBefore: Map<string, number>;
  readonly overtakenBy: Map<string, number>;
  readonly attempt: AskingAttempt | undefined;
}

/** One attempt during admission. */
export interface AskingAttempt {
  readonly id: string;
  readonly caller: VirtualCaller | undefined;
  readonly firstMs: number;
  readonly refusals: Refused[];
  /** The queues that it has left, and when. */
  readonly waits: { readonly line: string; readonly leftMs: number }[];
  claims: readonly Claim[];
  /** Those that each process counts for itself although the others are in a shared store. */
  own: readonly Claim[];
  standing: Standing | undefined;
  grantedMs: number | undefined;
  request: WireRequest | undefined;
  settled: readonly SettledClaim[] | undefined;
  overruns: readonly bigint[];
}

/** All attempts of a world that asked for admission, by id. */
export class Attempts {
  readonly #byId = new Map<string, AskingAttempt>();
  readonly #lastOf = new Map<string, AskingAttempt>();

  get all(): Iterable<AskingAttempt> {
    return this.#byId.values();
  }

  get(id: string | undefined): AskingAttempt | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The last attempt of a call; a hedged call may have several in flight. */
  lastOf(caller: string | undefined): AskingAttempt | undefined {
    return this.#lastOf.get(caller ?? "");
  }

  of(caller: VirtualCaller): readonly AskingAttempt[] {
    return [...this.#byId.values()].filter((attempt) => attempt.caller === caller);
  }

  asked(id: string, caller: VirtualCaller | undefined, claims: readonly Claim[], nowMs: number): AskingAttempt {
    let attempt = this.#byId.get(id);
    if (attempt === undefined) {
      const nothing = { standing: undefined, grantedMs: undefined, request: undefined, settled: undefined };
      attempt = { id, caller, firstMs: nowMs, refusals: [], waits: [], claims, own: [], ...nothing, overruns: [] };
      this.#byId.set(id, attempt);
      if (caller !== undefined) this.#lastOf.set(caller.plan.id, attempt);
    }
    attempt.claims = claims;
    return attempt;
  }
}
