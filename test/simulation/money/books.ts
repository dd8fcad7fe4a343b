import type {
  AdmitRequest,
  BudgetClaim,
  Claim,
  Grant,
  RateClaim,
  Refusal,
  Settled,
  Settlement,
} from "../../../src/core/store.ts";
import { Bucket } from "./bucket.ts";

/** Reports what is wrong with a decision. */
export type Wrong = (what: string) => void;

interface Counter {
  spent: bigint;
  reserved: bigint;
}

export interface HeldClaims {
  readonly claims: readonly Claim[];
  readonly atMs: number;
}

/**
 * A second copy of a world's counters, without the product's code: decides what a store may grant and what it must not.
 */
export class Books {
  readonly #budgets = new Map<string, Counter>();
  readonly #members = new Map<string, Set<string>>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #slots = new Map<string, number>();
  readonly #held = new Map<string, HeldClaims>();
  readonly #wrong: Wrong;

  constructor(wrong: Wrong) {
    this.#wrong = wrong;
  }

  held(id: string): HeldClaims | undefined {
    return this.#held.get(id);
  }

  /** What is reserved or taken; empty at the end. */
  get open(): readonly string[] {
    const reserved = [...this.#budgets].filter(([, counter]) => counter.reserved !== 0n).map(([name]) => name);
    const taken = [...this.#slots].filter(([, slots]) => slots !== 0).map(([name]) => name);
    return [...reserved, ...taken, ...this.#held.keys()];
  }

  /** Of a budget counter, by its family and member. */
  spent(counter: string): bigint {
    return this.#budgets.get(counter)?.spent ?? 0n;
  }

  admitted({ id, claims, probe }: AdmitRequest, answer: Grant | Refusal, nowMs: number): void {
    const say = (what: string) => this.#wrong(`${id} ${answer.ok ? "granted" : `refused (${answer.reason})`}: ${what}`);
    if (!answer.ok) this.#checkRefusal(claims, answer, nowMs, say);
    else {
      for (const claim of claims) this.#checkFits(claim, nowMs, say);
      if (probe !== true) this.#reserve(id, claims, answer, nowMs, say);
    }
  }

  /** Whether all claims would certainly be granted. */
  fits(claims: readonly Claim[], nowMs: number): boolean {
    return claims.every((claim) => {
      if (claim.kind === "rate") return this.#bucket(claim).surelyFits(claim.amount, nowMs);
      if (claim.kind === "slot") return (this.#slots.get(claim.counter) ?? 0) < claim.limit;
      if (claim.kind === "pause") return true;
      const { spent, reserved } = this.#counter(claim);
      return nowMs < claim.endsMs && spent + reserved + claim.amount <= claim.limit;
    });
  }

  settled({ id, claims }: Settlement, { overruns }: Settled, nowMs: number): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    if (held === undefined) return;
    if (held.claims.length !== claims.length)
      this.#wrong(`${id}: ${held.claims.length} reserved, ${claims.length} settled`);
    const own: bigint[] = [];
    for (const { claim, used } of claims) {
      if (claim.kind === "budget") own.push(this.#book(claim, used));
      else if (claim.kind === "rate") this.#bucket(claim).take(Number(used) - claim.amount, nowMs);
      else if (claim.kind === "slot") this.#slots.set(claim.counter, (this.#slots.get(claim.counter) ?? 0) - 1);
    }
    if (own.join() !== overruns.join()) this.#wrong(`${id}: overruns ${overruns.join()} instead of ${own.join()}`);
  }

  #reserve(id: string, claims: readonly Claim[], { levels }: Grant, nowMs: number, say: Wrong): void {
    if (this.#held.has(id)) say("twice");
    this.#held.set(id, { claims: claims.filter(({ kind }) => kind !== "pause"), atMs: nowMs });
    const told = [...levels];
    for (const claim of claims) {
      if (claim.kind === "budget") {
        const counter = this.#counter(claim);
        counter.reserved += claim.amount;
        this.#membersOf(claim).add(claim.member);
        const level = told.shift();
        if (level?.spent !== counter.spent || level.reserved !== counter.reserved)
          say(`level ${level?.spent} + ${level?.reserved} instead of ${counter.spent} + ${counter.reserved}`);
      } else if (claim.kind === "rate") this.#bucket(claim).take(claim.amount, nowMs);
      else if (claim.kind === "slot") this.#slots.set(claim.counter, (this.#slots.get(claim.counter) ?? 0) + 1);
    }
  }

  #book(claim: BudgetClaim, used: bigint): bigint {
    const counter = this.#counter(claim);
    counter.reserved -= claim.amount;
    counter.spent += used;
    const above = counter.spent > claim.limit ? counter.spent - claim.limit : 0n;
    return above < used ? above : used;
  }

  #checkFits(claim: Claim, nowMs: number, say: Wrong): void {
    if (claim.kind === "budget") {
      const { spent, reserved } = this.#counter(claim);
      if (spent + reserved + claim.amount > claim.limit)
        say(`${spent} + ${reserved} + ${claim.amount} > ${claim.limit} of ${claim.family} ${claim.member}`);
      if (nowMs < claim.startsMs || nowMs >= claim.endsMs) say(`outside of the period of ${claim.family}`);
      // An attempt may have asked for it before another one created the counter.
      if ((claim.seed ?? 0n) !== 0n && !this.#membersOf(claim).has(claim.member))
        say(`seed ${claim.seed} of ${claim.family}, which nobody used before`);
    } else if (claim.kind === "rate") {
      const bucket = this.#bucket(claim);
      if (!bucket.mayFit(claim.amount, nowMs)) say(`${claim.amount} of ${bucket.has(nowMs)} in ${claim.counter}`);
    } else if (claim.kind === "slot" && (this.#slots.get(claim.counter) ?? 0) >= claim.limit)
      say(`slot ${claim.limit} of ${claim.counter} is taken`);
  }

  #checkRefusal(claims: readonly Claim[], refusal: Refusal, nowMs: number, say: Wrong): void {
    const claim = claims[refusal.refused];
    const isLate = refusal.reason === "period" || refusal.reason === "members" || refusal.reason === "exhausted";
    if (!isLate && refusal.reason !== "missing")
      for (const one of claims) if (one.kind === "budget" && this.#isExhausted(one)) say(`${one.family} is exhausted`);
    if (claim?.kind === "budget") this.#checkBudgetRefusal(claim, refusal, nowMs, say);
    else if (claim?.kind === "rate") this.#checkRateRefusal(claim, refusal, nowMs, say);
    else if (claim?.kind === "slot" && (this.#slots.get(claim.counter) ?? 0) < claim.limit)
      say(`a slot of ${claim.counter} is free`);
  }

  #isExhausted(claim: BudgetClaim): boolean {
    return this.#counter(claim).spent + claim.amount > claim.limit;
  }

  #checkBudgetRefusal(claim: BudgetClaim, { reason, level }: Refusal, nowMs: number, say: Wrong): void {
    const { spent, reserved } = this.#counter(claim);
    const words = `${spent} + ${reserved} + ${claim.amount} of ${claim.limit} in ${claim.family} ${claim.member}`;
    const fits = spent + reserved + claim.amount <= claim.limit;
    if (reason === "period" && nowMs >= claim.startsMs && nowMs < claim.endsMs) say("inside of the period");
    const members = this.#membersOf(claim);
    if (reason === "members" && (members.has(claim.member) || members.size < claim.maxMembers)) say("few members");
    if (reason === "exhausted" && !this.#isExhausted(claim)) say(words);
    if (reason === "reserved" && (fits || this.#isExhausted(claim))) say(words);
    if (level !== undefined && (level.spent !== spent || level.reserved !== reserved))
      say(`level ${level.spent} + ${level.reserved}, instead of ${words}`);
  }

  #checkRateRefusal(claim: RateClaim, { waitMs }: Refusal, nowMs: number, say: Wrong): void {
    const bucket = this.#bucket(claim);
    if (bucket.surelyFits(claim.amount, nowMs)) say(`${claim.amount} of ${bucket.has(nowMs)} in ${claim.counter}`);
    const dueMs = bucket.waitFor(claim.amount, nowMs);
    const isRight = dueMs === waitMs || (waitMs !== undefined && waitMs - dueMs > -0.2 && waitMs - dueMs < 1.2);
    if (!isRight) say(`wait ${waitMs} instead of ${dueMs} for ${claim.counter}`);
  }

  /** A rejected claim creates no counter. */
  #counter({ family, member }: Pick<BudgetClaim, "family" | "member">): Counter {
    const name = `${family} ${member}`;
    let counter = this.#budgets.get(name);
    if (counter === undefined) {
      counter = { spent: 0n, reserved: 0n };
      this.#budgets.set(name, counter);
    }
    return counter;
  }

  #membersOf({ family }: BudgetClaim): Set<string> {
    const members = this.#members.get(family) ?? new Set();
    this.#members.set(family, members);
    return members;
  }

  #bucket({ counter, limit, perMs }: RateClaim): Bucket {
    let bucket = this.#buckets.get(counter);
    if (bucket === undefined) {
      bucket = new Bucket(limit, perMs);
      this.#buckets.set(counter, bucket);
    }
    return bucket;
  }
}
