import type { Clock } from "../core/clock.ts";
import type {
  AdmitRequest,
  BudgetClaim,
  Claim,
  CounterStore,
  Grant,
  Level,
  MemberLevel,
  PauseClaim,
  RateClaim,
  Refusal,
  RefusalReason,
  Settled,
  Settlement,
  SlotClaim,
} from "../core/store.ts";
import { KEEP_AFTER_PERIOD_MS } from "../core/store.ts";
import { fullAfter, waitFor } from "./token-bucket.ts";

type Why = Pick<Refusal, "reason" | "waitMs" | "level">;

/** All counters of one budget in one period. */
interface Family {
  readonly endsMs: number;
  readonly members: Map<string, { spent: bigint; reserved: bigint }>;
}

/**
 * Counters in memory, for one process. It needs no leases, because reservations end with their process. Settled ids are
 * forgotten at once: only one process settles, and a second settlement finds no reservation.
 */
export class MemoryCounters implements CounterStore {
  readonly #clock: Clock;
  readonly #families = new Map<string, Family>();
  readonly #reservations = new Map<string, readonly Claim[]>();
  /** When each bucket will be full again. */
  readonly #buckets = new Map<string, number>();
  readonly #slots = new Map<string, number>();
  readonly #pauses = new Map<string, number>();
  #sweepAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async admit({ id, claims, probe = false }: AdmitRequest): Promise<Grant | Refusal> {
    const nowMs = this.#clock.now();
    this.#sweep(nowMs);
    const refusal = this.#refusal(claims, nowMs);
    if (refusal !== undefined) return refusal;
    if (probe) return { ok: true, nowMs, levels: [] };
    const levels: Level[] = [];
    for (const claim of claims) {
      if (claim.kind === "budget") {
        const counter = this.#counter(claim);
        counter.reserved += claim.amount;
        levels.push({ ...counter });
      } else if (claim.kind === "rate") this.#debit(claim, claim.amount, nowMs);
      else if (claim.kind === "slot") this.#slots.set(claim.counter, (this.#slots.get(claim.counter) ?? 0) + 1);
    }
    this.#reservations.set(id, claims);
    return { ok: true, nowMs, levels };
  }

  async settle({ id, claims }: Settlement): Promise<Settled> {
    const reserved = this.#reservations.get(id);
    if (reserved === undefined) return { overruns: [] };
    this.#reservations.delete(id);
    const nowMs = this.#clock.now();
    const overruns: bigint[] = [];
    claims.forEach(({ claim, used }, index) => {
      const held = reserved[index];
      if (claim.kind === "budget" && held?.kind === "budget") overruns.push(this.#book(claim, held.amount, used));
      else if (claim.kind === "rate") this.#debit(claim, Number(used) - claim.amount, nowMs);
      else if (claim.kind === "slot") this.#freeSlot(claim);
    });
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

  /** An exhausted budget comes first: no wait helps. Otherwise the claim that needs the longest wait. */
  #refusal(claims: readonly Claim[], nowMs: number): Refusal | undefined {
    let longest: Refusal | undefined;
    for (let refused = 0; refused < claims.length; refused++) {
      const claim = claims[refused] as Claim;
      const found = this.#check(claim, nowMs);
      if (found === undefined) continue;
      const refusal = { ok: false, nowMs, refused, ...found } as const;
      if (!PASSES.has(refusal.reason)) return refusal;
      if (longest === undefined || (refusal.waitMs ?? 0) > (longest.waitMs ?? 0)) longest = refusal;
    }
    return longest;
  }

  #check(claim: Claim, nowMs: number): Why | undefined {
    switch (claim.kind) {
      case "budget":
        return this.#checkBudget(claim, nowMs);
      case "rate": {
        const waitMs = waitFor(claim, this.#buckets.get(claim.counter), nowMs);
        return waitMs > 0 ? { reason: "rate", waitMs } : undefined;
      }
      case "slot":
        return (this.#slots.get(claim.counter) ?? 0) >= claim.limit ? { reason: "slots" } : undefined;
      case "pause":
        return this.#checkPause(claim, nowMs);
    }
  }

  #checkBudget(claim: BudgetClaim, nowMs: number): Why | undefined {
    if (nowMs < claim.startsMs || nowMs >= claim.endsMs) return { reason: "period" };
    const members = this.#families.get(claim.family)?.members;
    const level = members?.get(claim.member);
    if (level === undefined) {
      if ((members?.size ?? 0) >= claim.maxMembers) return { reason: "members" };
      if (claim.seed === undefined) return { reason: "missing" };
    }
    const spent = level?.spent ?? claim.seed ?? 0n;
    const reserved = level?.reserved ?? 0n;
    const reason = spent + claim.amount > claim.limit ? "exhausted" : "reserved";
    return spent + reserved + claim.amount > claim.limit ? { reason, level: { spent, reserved } } : undefined;
  }

  #checkPause({ counter }: PauseClaim, nowMs: number): Why | undefined {
    const waitMs = (this.#pauses.get(counter) ?? 0) - nowMs;
    return waitMs > 0 ? { reason: "paused", waitMs } : undefined;
  }

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
    const above = counter.spent - claim.limit;
    if (above <= 0n) return 0n;
    return above < used ? above : used;
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

/** Refusals that end with time. */
const PASSES: ReadonlySet<RefusalReason> = new Set(["reserved", "rate", "slots", "paused"]);

const SWEEP_EVERY_MS = 60_000;
