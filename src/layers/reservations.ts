import type { Budget, StateSettings } from "../core/budget.ts";
import { newCallId } from "../core/call-id.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import {
  type Awaitable,
  type Claim,
  type CounterStore,
  type Grant,
  type Level,
  type OwnCounters,
  type Refusal,
  type Settled,
  type SettledClaim,
  type Settlement,
  StoreUnavailable,
} from "../core/store.ts";
import { BudgetPeriods } from "./budget-periods.ts";
import { type BudgetStatus, type CountedBefore, statusOf } from "./budget-status.ts";

/** How long a process may be silent before its reservations are booked as spent. */
const LEASE_MS = 30_000;
/** How long attempts in flight may take to settle when a factory is closed. */
const CLOSE_PATIENCE_MS = 2_000;
/** Settlements that are kept while the store cannot be reached. */
const MAX_OWED = 100_000;

/** The claims of one attempt: those in the shared store, and those that each process counts for itself. */
export interface Wanted {
  readonly id: string;
  readonly shared: readonly Claim[];
  readonly own: readonly Claim[];
  readonly probe?: boolean;
  /** Called when `own` was taken, and is free again because the store did not grant `shared`. */
  readonly onFreed?: () => void;
}

/** A refusal with the claim. */
export interface RefusedClaim extends Refusal {
  readonly claim: Claim;
}

type Granted = Pick<Grant, "nowMs" | "levels">;

/** What an attempt holds until it is settled. */
export interface Held {
  readonly ok: true;
  /** When it was admitted, on the store's clock. */
  readonly nowMs: number;
  /** Of the budget claims, in their order. */
  readonly levels: readonly Level[];
  settle(used: readonly SettledClaim[]): Awaitable<Settled>;
}

export interface ReservationOptions {
  readonly store: CounterStore;
  /** Counts in this process: slots of entries, and everything while the store cannot be reached. */
  readonly local: OwnCounters;
  readonly onUnavailable: StateSettings["onUnavailable"];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reserves and settles the claims of this process. */
export class Reservations {
  readonly #options: ReservationOptions;
  readonly #periods = new BudgetPeriods();
  /** Names this process to the store. */
  #ownerId: string | undefined;
  /** The store's clock minus ours. */
  #offsetMs = 0;
  #held = 0;
  #onceFree: (() => void) | undefined;
  #offRenewal: (() => void) | undefined;
  #unreachable = false;
  /** What the store does not know yet. */
  readonly #owed: Settlement[] = [];
  readonly #settling = new Set<Promise<unknown>>();
  #paying: Promise<void> | undefined;

  constructor(options: ReservationOptions) {
    this.#options = options;
  }

  /** Whether other processes use the counters too, so that nobody tells us when one becomes free. */
  get isShared(): boolean {
    return this.#options.store !== this.#options.local;
  }

  /** The store's clock, as far as known. */
  get nowMs(): number {
    return this.#options.clock.now() + this.#offsetMs;
  }

  /** The claims of an attempt, if all counters are in this process and grant them. */
  reserveAtOnce(id: string, claims: readonly Claim[]): Held | undefined {
    if (this.isShared) return undefined;
    const { local } = this.#options;
    const answer = local.admit({ id, owner: this.#owner, leaseMs: LEASE_MS, claims });
    return answer.ok ? this.#heldIn(local, id, answer) : undefined;
  }

  /** @throws StoreUnavailable if the store cannot be reached and `on_unavailable` is "refuse". */
  async reserve({ id, shared, own, probe = false, onFreed }: Wanted): Promise<Held | RefusedClaim> {
    const { local, store } = this.#options;
    const owner = this.#owner;
    const request = { id, owner, leaseMs: LEASE_MS, probe };
    if (!this.isShared) {
      const claims = own.length === 0 ? shared : [...shared, ...own];
      const answer = local.admit({ ...request, claims });
      return answer.ok ? this.#heldIn(local, id, answer) : refusedBy(answer, claims);
    }
    const slots = own.length === 0 ? undefined : local.admit({ ...request, claims: own });
    if (slots?.ok === false) return refusedBy(slots, own);
    if (shared.length === 0) return this.#heldIn(local, id, { nowMs: this.nowMs, levels: [] });
    const free = () => {
      if (slots === undefined || probe) return;
      local.settle({ id, claims: own.map((claim) => ({ claim, used: 0n })) });
      onFreed?.();
    };
    try {
      const answer = await store.admit({ ...request, claims: shared });
      this.#reached();
      if (answer.ok) return this.#heldInBoth(id, own, answer, probe);
      this.#offsetMs = answer.nowMs - this.#options.clock.now();
      free();
      return refusedBy(answer, shared);
    } catch (error) {
      free();
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#lost(error);
      if (shared.every(({ kind }) => kind === "pause")) return this.#reserveHere({ id, shared: [], own, probe });
      if (this.#options.onUnavailable === "refuse") throw error;
      return this.#reserveHere({ id, shared, own, probe });
    }
  }

  /** Gives what is granted after its attempt was cancelled to `settle`. `close` and `statusOf` wait for that. */
  abandon(asked: Promise<Held | RefusedClaim>, settle: (held: Held) => unknown): void {
    this.#track(asked.then((answer) => (answer.ok ? settle(answer) : undefined)));
  }

  /** The counters of a budget in its current period; those that the store does not have, from the ledger. */
  async statusOf(budget: Budget, countedBefore?: CountedBefore): Promise<readonly BudgetStatus[]> {
    await Promise.allSettled([...this.#settling]);
    return statusOf(budget, { store: this.#options.store, periods: this.#periods, countedBefore }, this.nowMs);
  }

  /** Tells the store about a pause; without effect if it cannot be reached. */
  pause(counter: string, forMs: number): void {
    if (this.isShared) this.#track(this.#options.store.pause(counter, forMs));
  }

  /** Waits until everything is settled, at most `patienceMs` for attempts in flight, and closes a shared store. */
  async close(patienceMs = CLOSE_PATIENCE_MS): Promise<void> {
    if (!this.isShared) return;
    await this.#nothingHeld(patienceMs);
    await Promise.allSettled([...this.#settling]);
    await this.#payOwed();
    this.#offRenewal?.();
    await this.#options.store.close().catch(() => {});
  }

  #nothingHeld(patienceMs: number): Promise<void> {
    if (this.#held === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const offTimer = this.#options.clock.schedule(resolve, patienceMs);
      this.#onceFree = () => {
        offTimer();
        resolve();
      };
    });
  }

  get #owner(): string {
    this.#ownerId ??= newCallId(this.#options.clock.now());
    return this.#ownerId;
  }

  /** Counts in this process while the store is unavailable. What was used is booked in the store when it is available again. */
  #reserveHere({ id, shared, own, probe = false }: Wanted): Held | RefusedClaim {
    const { local } = this.#options;
    const claims = [...shared.map(seeded), ...own];
    const answer = local.admit({ id, owner: this.#owner, leaseMs: LEASE_MS, probe, claims });
    if (!answer.ok) return refusedBy(answer, claims);
    return {
      ...{ ok: true, nowMs: this.nowMs, levels: answer.levels },
      settle: (used) => {
        const owed = used.filter(({ claim }) => claim.kind === "budget" || claim.kind === "rate");
        if (owed.length > 0) this.#owe({ id, claims: owed });
        return local.settle({ id, claims: used });
      },
    };
  }

  #heldIn(store: CounterStore, id: string, { nowMs, levels }: Granted): Held {
    return { ok: true, nowMs, levels, settle: (claims) => store.settle({ id, claims }) };
  }

  #heldInBoth(id: string, own: readonly Claim[], { nowMs, levels }: Granted, probe: boolean): Held {
    if (!probe) this.#hold();
    return {
      ...{ ok: true, nowMs, levels },
      settle: async (used) => {
        const { local, store } = this.#options;
        const ours = used.filter(({ claim }) => own.includes(claim));
        if (ours.length > 0) local.settle({ id, claims: ours });
        const settlement = { id, claims: used.filter(({ claim }) => !own.includes(claim)) };
        return await this.#track(this.#settleShared(store, settlement)).finally(() => this.#release());
      },
    };
  }

  async #settleShared(store: CounterStore, settlement: Settlement): Promise<Settled> {
    try {
      const settled = await store.settle(settlement);
      this.#reached();
      return settled;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#lost(error);
      this.#owe(settlement);
      return { overruns: [] };
    }
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const quiet = promise.catch(() => {});
    this.#settling.add(quiet);
    quiet.finally(() => this.#settling.delete(quiet));
    return promise;
  }

  /** The lease is renewed while something is held. */
  #hold(): void {
    this.#held++;
    if (this.#offRenewal === undefined) this.#renewLater();
  }

  #release(): void {
    this.#held--;
    if (this.#held > 0) return;
    this.#onceFree?.();
    this.#offRenewal?.();
    this.#offRenewal = undefined;
  }

  #renewLater(): void {
    const { clock, store } = this.#options;
    this.#offRenewal = clock.schedule(() => {
      this.#track(store.renew(this.#owner, LEASE_MS)).catch(() => {});
      this.#renewLater();
    }, LEASE_MS / 3);
  }

  #lost(error: StoreUnavailable): void {
    if (this.#unreachable) return;
    this.#unreachable = true;
    const effect =
      this.#options.onUnavailable === "refuse"
        ? "calls with budgets or limits are refused"
        : "budgets and limits are counted by this process until it can be reached";
    this.#options.logger.error("state store unavailable", { reason: error.message, effect });
  }

  #reached(): void {
    if (this.#unreachable) this.#options.logger.info("state store available again", { owed: this.#owed.length });
    this.#unreachable = false;
    if (this.#owed.length > 0) void this.#payOwed();
  }

  #owe(settlement: Settlement): void {
    if (this.#owed.length < MAX_OWED) this.#owed.push(settlement);
    else this.#options.logger.error("a settlement was lost", { id: settlement.id, help: "the state store is down" });
  }

  #payOwed(): Promise<void> {
    this.#paying ??= this.#pay().finally(() => {
      this.#paying = undefined;
    });
    return this.#paying;
  }

  async #pay(): Promise<void> {
    try {
      for (let next = this.#owed[0]; next !== undefined; next = this.#owed[0]) {
        await this.#options.store.settle(next);
        this.#owed.shift();
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#lost(error);
    }
  }
}

/** Without the store, what was spent before is unknown. */
function seeded(claim: Claim): Claim {
  return claim.kind === "budget" ? { ...claim, seed: claim.seed ?? 0n } : claim;
}

function refusedBy(refusal: Refusal, claims: readonly Claim[]): RefusedClaim {
  return { ...refusal, claim: claims[refusal.refused] as Claim };
}
