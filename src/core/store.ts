/** Values with a time to live, such as stored answers. Values are structured data: what JSON can express. */
export interface ValueStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Deletes every value whose key starts with `prefix`. */
  clear(prefix: string): Promise<void>;
}

/** Number and size of values. */
export interface StoreSize {
  readonly entries: number;
  /** Of the values as JSON. */
  readonly bytes: number;
}

/**
 * Values with a maximum number and size: the least recently used ones are removed first. A shared store rejects with
 * StoreUnavailable if it cannot be reached in time; once it is closed, it finds nothing and stores nothing.
 */
export interface BoundedStore extends ValueStore {
  /** Of a shared store: when this process last used it. */
  size(): StoreSize;
  close(): Promise<void>;
}

/**
 * Takes an amount from a budget: granted only if spent + reserved + amount <= limit. `family` names the budget, its period and
 * its definition, so a changed definition starts at zero; `member` is the value of `per` (a user, a tag), or empty.
 */
export interface BudgetClaim {
  readonly kind: "budget";
  readonly family: string;
  readonly member: string;
  /** The period on the store's clock, milliseconds since 1970; `endsMs` is exclusive, and Infinity for a total budget. */
  readonly startsMs: number;
  readonly endsMs: number;
  /** Nano-USD or tokens; at most MAX_LIMIT. */
  readonly limit: bigint;
  readonly amount: bigint;
  /** Maximum members of the family. */
  readonly maxMembers: number;
  /** What was spent before, if the counter does not exist yet. Absent: such a counter is refused as `missing`. */
  readonly seed?: bigint | undefined;
}

/**
 * Takes an amount from a token bucket that holds `limit` and is refilled continuously within `perMs`. The state of a bucket is
 * one number: when it will be full again.
 */
export interface RateClaim {
  readonly kind: "rate";
  readonly counter: string;
  readonly limit: number;
  readonly perMs: number;
  readonly amount: number;
}

/** One of `limit` concurrent attempts. */
export interface SlotClaim {
  readonly kind: "slot";
  readonly counter: string;
  readonly limit: number;
}

/** Takes nothing; refused while the counter is paused. */
export interface PauseClaim {
  readonly kind: "pause";
  readonly counter: string;
}

export type Claim = BudgetClaim | RateClaim | SlotClaim | PauseClaim;

export interface AdmitRequest {
  /** Unique for each attempt. */
  readonly id: string;
  /** The process that settles the reservation; its lease is renewed by this request too. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly claims: readonly Claim[];
  /** Only whether the claims would be granted; nothing is reserved. */
  readonly probe?: boolean | undefined;
}

/**
 * Why a claim is refused. exhausted: the amount does not fit into what is not spent. reserved: it would fit without the
 * reservations of other attempts. rate, slots, paused: it fits later. period: the store's clock is outside of the claimed
 * period. members: the family has too many. missing: the counter does not exist, and the claim has no seed.
 */
export type RefusalReason = "exhausted" | "reserved" | "rate" | "slots" | "paused" | "period" | "members" | "missing";

export interface Refusal {
  readonly ok: false;
  /** The store's clock. */
  readonly nowMs: number;
  /** Index of the refused claim: the first exhausted one, otherwise the one that needs the longest wait. */
  readonly refused: number;
  readonly reason: RefusalReason;
  /** For rate and paused: milliseconds until it may fit; Infinity if it never does. */
  readonly waitMs?: number;
  /** Of a refused budget. */
  readonly level?: Level;
}

/** All claims are reserved. */
export interface Grant {
  readonly ok: true;
  readonly nowMs: number;
  /** The level of each budget claim after the grant, in the order of the claims. */
  readonly levels: readonly Level[];
}

export interface Level {
  readonly spent: bigint;
  readonly reserved: bigint;
}

/** The claims of an attempt with the amounts it really used; slots and pauses need none. */
export interface Settlement {
  readonly id: string;
  readonly claims: readonly SettledClaim[];
}

export interface SettledClaim {
  readonly claim: Claim;
  /** Of a budget or rate claim: what was used. A budget books it even above the limit. */
  readonly used: bigint;
}

export interface Settled {
  /** For each budget claim: by how much spent now exceeds the limit because of this attempt. */
  readonly overruns: readonly bigint[];
}

/** The level of one member of a family. */
export interface MemberLevel extends Level {
  readonly member: string;
}

/** A result that may be there at once. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Counters of budgets and limits, shared by all processes that use the store. Its own clock decides about periods, rates and
 * leases. Every method rejects with StoreUnavailable if the store cannot be reached in time; an `admit` that rejected is
 * settled to 0 as soon as the store can be reached again.
 */
export interface CounterStore {
  /** One atomic step: reserves all claims, or none. */
  admit(request: AdmitRequest): Awaitable<Grant | Refusal>;
  /**
   * Books what an attempt used, and frees the rest. Idempotent. Also after its lease expired: what was booked then is replaced.
   * If the store does not know the reservation because it lost its data, the amounts are added.
   */
  settle(settlement: Settlement): Awaitable<Settled>;
  /** Extends the lease of a process. The reservations of a process whose lease expires are booked as spent; its slots are freed. */
  renew(owner: string, leaseMs: number): Promise<void>;
  /** Refuses the pause claims of a counter for a time; a later pause never shortens an earlier one. */
  pause(counter: string, forMs: number): Promise<void>;
  /** The counters of a family. */
  levels(family: string): Promise<readonly MemberLevel[]>;
  close(): Promise<void>;
}

/** Counters of this process, which answer at once. */
export interface OwnCounters extends CounterStore {
  admit(request: AdmitRequest): Grant | Refusal;
  settle(settlement: Settlement): Settled;
}

/** Largest limit of a counter: doubles, which Redis compares with, are exact up to 9 007 199 254 740 991. */
export const MAX_LIMIT = 9_000_000_000_000_000n;

/** The store did not answer in time, or answered with an error. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** How long a counter is kept after its period, so that late settlements find it. */
export const KEEP_AFTER_PERIOD_MS = 86_400_000;

/** How long shared stores remember a settled attempt, so that a repeated settlement has no effect. */
export const KEEP_SETTLED_MS = 900_000;
