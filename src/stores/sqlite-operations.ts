import type { DatabaseSync } from "node:sqlite";
import type { AdmitRequest, BudgetClaim, Claim, Grant, Level, RateClaim, Refusal, Settled } from "../core/store.ts";
import { KEEP_AFTER_PERIOD_MS, KEEP_SETTLED_MS } from "../core/store.ts";
import { overrunOf, refusalOf } from "./claim-rules.ts";
import type { Question } from "./sqlite-messages.ts";
import { SqliteRows } from "./sqlite-rows.ts";
import { SqliteSweep } from "./sqlite-sweep.ts";
import { SqliteValueRows } from "./sqlite-value-rows.ts";
import { fullAfter } from "./token-bucket.ts";

/** What a claim holds, to be booked or freed when the lease of its owner expires. */
type Held =
  | { readonly kind: "budget"; readonly family: string; readonly member: string; readonly amount: string }
  | { readonly kind: "slot"; readonly counter: string }
  | { readonly kind: "rate" | "pause" };

interface Reservation {
  readonly state: State;
  readonly held: readonly Held[];
}

/**
 * States of a reservation: held by its owner; booked as spent because the lease of the owner expired; settled; abandoned,
 * because the admission was not confirmed in time. The owner may have continued without the store, and may settle it later.
 */
const ACTIVE = 0n;
const BOOKED = 1n;
const SETTLED = 2n;
const ABANDONED = 3n;
type State = typeof ACTIVE | typeof BOOKED | typeof SETTLED | typeof ABANDONED;

type SettleQuestion = Extract<Question, { readonly op: "settle" }>;

/** A request that cannot be answered; the others of its transaction are not concerned. */
export class UnanswerableRequest extends Error {}

/** The operations of the stores on an open transaction. The caller's clock is the clock of the store. */
export class SqliteOperations {
  readonly #rows: SqliteRows;
  readonly #values: SqliteValueRows;
  readonly #sweep: SqliteSweep;

  constructor(database: DatabaseSync) {
    this.#rows = new SqliteRows(database);
    this.#values = new SqliteValueRows(this.#rows);
    this.#sweep = new SqliteSweep(this.#rows);
  }

  /** Once in each transaction, before its questions. */
  begin(nowMs: number): void {
    this.#expire(nowMs);
    this.#sweep.run(nowMs);
  }

  answer(question: Question, nowMs: number): unknown {
    switch (question.op) {
      case "admit":
        return this.#admit(question.request, nowMs);
      case "settle":
        return this.#settle(question, nowMs);
      case "renew":
        return this.#renew(question.owner, nowMs + question.leaseMs);
      case "pause":
        return this.#rows.pauseUntil(question.counter, whole(nowMs + question.forMs));
      case "levels":
        while (this.#expire(nowMs));
        return this.#rows.levels(question.family);
      case "get-value":
        return this.#values.get(question, nowMs);
      case "set-value":
        return this.#values.set(question, nowMs);
      case "delete-value":
        return this.#values.delete(question.key);
      case "clear-values":
        return this.#values.clear(question.prefix);
    }
  }

  #admit({ id, owner, leaseMs, claims, probe = false }: AdmitRequest, nowMs: number): Grant | Refusal {
    if (!probe) this.#renew(owner, nowMs + leaseMs);
    const refusal = refusalOf(claims, nowMs, this.#rows);
    if (refusal !== undefined) return refusal;
    if (probe) return { ok: true, nowMs, levels: [] };
    if (this.#reservation(id) !== undefined) throw new UnanswerableRequest(`the attempt ${id} was already admitted`);
    const levels: Level[] = [];
    for (const claim of claims) {
      if (claim.kind === "budget") {
        const { spent, reserved } = this.#rows.reserve(claim);
        levels.push({ spent, reserved });
      } else if (claim.kind === "rate") this.#debit(claim, claim.amount, nowMs);
      else if (claim.kind === "slot") this.#rows.takeSlot(claim.counter);
    }
    const held = JSON.stringify(claims.map(heldBy));
    this.#rows.run("INSERT INTO reservation VALUES (?, ?, ?, ?, NULL)", id, owner, ACTIVE, held);
    return { ok: true, nowMs, levels };
  }

  #settle({ settlement: { id, claims }, isAbandoned }: SettleQuestion, nowMs: number): Settled {
    const found = this.#reservation(id);
    const state = isAbandoned ? ABANDONED : SETTLED;
    if (found?.state === SETTLED || found?.state === state) return { overruns: [] };
    const reservation = found?.state === ABANDONED ? undefined : found;
    const overruns: bigint[] = [];
    claims.forEach(({ claim, used }, index) => {
      if (claim.kind === "budget") overruns.push(this.#book(claim, used, reservation, index));
      else if (claim.kind === "rate")
        this.#debit(claim, Number(used) - (reservation === undefined ? 0 : claim.amount), nowMs);
      else if (claim.kind === "slot" && reservation?.state === ACTIVE) this.#rows.freeSlot(claim.counter);
    });
    const write =
      "INSERT INTO reservation VALUES (?, '', ?, '', ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, held = '', forget_ms = excluded.forget_ms";
    this.#rows.run(write, id, state, whole(nowMs + KEEP_SETTLED_MS));
    return { overruns };
  }

  #book(claim: BudgetClaim, used: bigint, reservation: Reservation | undefined, index: number): bigint {
    const held = reservation?.held[index];
    const amount = held?.kind === "budget" ? BigInt(held.amount) : 0n;
    const wasBooked = reservation?.state === BOOKED;
    const change = wasBooked ? { spent: used - amount, reserved: 0n } : { spent: used, reserved: -amount };
    return overrunOf(this.#rows.book(claim, change), claim.limit, used);
  }

  #debit(claim: RateClaim, amount: number, nowMs: number): void {
    this.#rows.setFullAtMs(claim.counter, fullAfter(claim, this.#rows.fullAtMs(claim.counter), amount, nowMs));
  }

  #renew(owner: string, untilMs: number): void {
    const later = "ON CONFLICT (owner) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)";
    this.#rows.run(`INSERT INTO owner VALUES (?, ?) ${later}`, owner, whole(untilMs));
  }

  #reservation(id: string): Reservation | undefined {
    const row = this.#rows.one("SELECT state, held FROM reservation WHERE id = ?", id);
    if (row === undefined) return undefined;
    const held = row["held"] === "" ? [] : (JSON.parse(row["held"] as string) as Held[]);
    return { state: row["state"] as State, held };
  }

  /** Books reservations of an owner whose lease expired, a limited number of them. Returns whether there was one. */
  #expire(nowMs: number): boolean {
    const due = this.#rows.one("SELECT owner FROM owner WHERE until_ms <= ? ORDER BY until_ms LIMIT 1", whole(nowMs));
    if (due === undefined) return false;
    const owner = due["owner"] as string;
    const find = "SELECT id, held FROM reservation WHERE owner = ? AND state = 0 LIMIT ?";
    const rows = this.#rows.all(find, owner, EXPIRE_AT_ONCE);
    for (const { id, held } of rows) {
      for (const part of JSON.parse(held as string) as Held[]) this.#expireClaim(part);
      const book = "UPDATE reservation SET state = ?, forget_ms = ? WHERE id = ?";
      this.#rows.run(book, BOOKED, whole(nowMs + KEEP_AFTER_PERIOD_MS), id as string);
    }
    if (rows.length < EXPIRE_AT_ONCE) this.#rows.run("DELETE FROM owner WHERE owner = ?", owner);
    return true;
  }

  #expireClaim(held: Held): void {
    if (held.kind === "slot") this.#rows.freeSlot(held.counter);
    else if (held.kind === "budget") {
      const book = "UPDATE counter SET spent = spent + ?1, reserved = reserved - ?1 WHERE family = ?2 AND member = ?3";
      this.#rows.run(book, BigInt(held.amount), held.family, held.member);
    }
  }
}

const EXPIRE_AT_ONCE = 64;

function heldBy(claim: Claim): Held {
  if (claim.kind === "slot") return { kind: "slot", counter: claim.counter };
  if (claim.kind !== "budget") return { kind: claim.kind };
  const { family, member, amount } = claim;
  return { kind: "budget", family, member, amount: String(amount) };
}

/** Columns of times hold integers. */
function whole(ms: number): bigint {
  return BigInt(Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER)));
}
