import type { Clock } from "../core/clock.ts";
import type {
  AdmitRequest,
  BudgetClaim,
  Claim,
  Grant,
  Level,
  MemberLevel,
  OwnCounters,
  RateClaim,
  Refusal,
  Settled,
  SettledClaim,
  Settlement,
  SlotClaim,
} from "../core/store.ts";
import { KEEP_AFTER_PERIOD_MS } from "../core/store.ts";
import { type CounterState, overrunOf, refusalOf } from "./claim-rules.ts";
import { fullAfter } from "./token-bucket.ts";

/** All counters of one budget in one period. */
interface Family {
  readonly endsMs: number;
  readonly members: Map<string, { spent: bigint; reserved: bigint }>;
}

/**
 * Counters in memory, for one process. It needs no leases, because reservations end with their process. Settled ids are
 * forgotten at once: only one process settles, and a second settlement finds no reservation.
 */
export class MemoryCounters implements OwnCounters {
  readonly #clock: Clock;
  readonly #families = new Map<string, Family>();
  readonly #reservations = new Map<string, readonly Claim[]>();
  /** When each bucket will be full again. */
  readonly #buckets = new Map<string, number>();
  readonly #slots = new Map<string, number>();
  readonly #pauses = new Map<string, number>();
  readonly #state: CounterState = {
    counter: ({ family, member }) => this.#families.get(family)?.members.get(member),
    members: (family) => this.#families.get(family)?.members.size ?? 0,
    fullAtMs: (counter) => this.#buckets.get(counter),
    slotsTaken: (counter) => this.#slots.get(counter) ?? 0,
    pausedUntilMs: (counter) => this.#pauses.get(counter) ?? 0,
  };
  #sweepAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  admit({ id, claims, probe = false }: AdmitRequest): Grant | Refusal {
    const nowMs = this.#clock.now();
    this.#sweep(nowMs);
    const refusal = refusalOf(claims, nowMs, this.#state);
    if (refusal !== undefined) return refusal;
    if (probe) return { ok: true, nowMs, levels: [] };
    const levels: Level[] = [];
    for (const claim of claims) {
      if (claim.kind === "budget") {
        const counter = this.#counter(claim);
        counter.reserved += claim.amount;
        levels.push({ spent: counter.spent, reserved: counter.reserved });
      } else if (claim.kind === "rate") this.#debit(claim, claim.amount, nowMs);
      else if (claim.kind === "slot") this.#slots.set(claim.counter, (this.#slots.get(claim.counter) ?? 0) + 1);
    }
    this.#reservations.set(id, claims);
    return { ok: true, nowMs, levels };
  }

  settle({ id, claims }: Settlement): Settled {
    const reserved = this.#reservations.get(id);
    if (reserved === undefined) return { overruns: [] };
    this.#reservations.delete(id);
    const nowMs = this.#clock.now();
    const overruns: bigint[] = [];
    for (let index = 0; index < claims.length; index++) {
      const { claim, used } = claims[index] as SettledClaim;
      const held = reserved[index];
      if (claim.kind === "budget" && held?.kind === "budget") overruns.push(this.#book(claim, held.amount, used));
      else if (claim.kind === "rate") this.#debit(claim, Number(used) - claim.amount, nowMs);
      else if (claim.kind === "slot") this.#freeSlot(claim);
    }
    return { overruns };
  }

  async renew(): Promise<void> {}

  async pause(counter: string, forMs: number): Promise<void> {
    const untilMs = this.#clock.now() + forMs;
    if (untilMs > (this.#pauses.get(counter) ?? 0)) this.#pauses.set(counter, untilMs);
  }

  async levels(family: string): Promise<readonly MemberLevel[]> {
    const members = this.#families.get(family)?.members ?? [];
    return [...members].map(([member, level]) => ({ member, ...level }));
  }

  async close(): Promise<void> {}

  #counter({ family, member, endsMs, seed = 0n }: BudgetClaim): { spent: bigint; reserved: bigint } {
    let counters = this.#families.get(family);
    if (counters === undefined) {
      counters = { endsMs, members: new Map() };
      this.#families.set(family, counters);
    }
    let counter = counters.members.get(member);
    if (counter === undefined) {
      counter = { spent: seed, reserved: 0n };
      counters.members.set(member, counter);
    }
    return counter;
  }

  /** Returns by how much this attempt exceeds the limit. */
  #book(claim: BudgetClaim, reserved: bigint, used: bigint): bigint {
    const counter = this.#counter(claim);
    counter.reserved -= reserved;
    counter.spent += used;
    return overrunOf(counter.spent, claim.limit, used);
  }

  #debit(claim: RateClaim, amount: number, nowMs: number): void {
    this.#buckets.set(claim.counter, fullAfter(claim, this.#buckets.get(claim.counter), amount, nowMs));
  }

  #freeSlot({ counter }: SlotClaim): void {
    const taken = (this.#slots.get(counter) ?? 1) - 1;
    if (taken === 0) this.#slots.delete(counter);
    else this.#slots.set(counter, taken);
  }

  /** Removes what has no effect anymore, once a minute. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + SWEEP_EVERY_MS;
    for (const [family, { endsMs }] of this.#families)
      if (nowMs >= endsMs + KEEP_AFTER_PERIOD_MS) this.#families.delete(family);
    for (const times of [this.#buckets, this.#pauses])
      for (const [counter, atMs] of times) if (atMs <= nowMs) times.delete(counter);
  }
}

const SWEEP_EVERY_MS = 60_000;
