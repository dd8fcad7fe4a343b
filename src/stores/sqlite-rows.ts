import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { BudgetClaim, MemberLevel } from "../core/store.ts";
import { type Counter, type CounterState, spentWith } from "./claim-rules.ts";

type Row = Record<string, string | number | bigint | null>;

/** The rows of counters, buckets, slots and pauses. */
export class SqliteRows implements CounterState {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  counter({ family, member }: Pick<BudgetClaim, "family" | "member">): Counter | undefined {
    const row = this.one("SELECT spent, reserved, seeded FROM counter WHERE family = ? AND member = ?", family, member);
    if (row === undefined) return undefined;
    return { spent: row["spent"] as bigint, reserved: row["reserved"] as bigint, seeded: row["seeded"] === 1n };
  }

  members(family: string): number {
    return Number(this.one("SELECT members FROM family WHERE name = ?", family)?.["members"] ?? 0);
  }

  levels(family: string): readonly MemberLevel[] {
    const rows = this.all("SELECT member, spent, reserved FROM counter WHERE family = ?", family);
    return rows.map(({ member, spent, reserved }) => ({
      member: member as string,
      spent: spent as bigint,
      reserved: reserved as bigint,
    }));
  }

  /** Adds a reservation to a counter that exists or has a seed, and returns the new level. */
  reserve(claim: BudgetClaim): Counter {
    const counter = this.counter(claim);
    const spent = spentWith(counter, claim.seed);
    const level = { spent, reserved: (counter?.reserved ?? 0n) + claim.amount };
    if (counter === undefined) this.#create(claim, level);
    else this.#write(claim, level);
    return level;
  }

  /** Changes a counter; creates it, without its seed, if something was spent. Returns what is spent. */
  book(claim: BudgetClaim, change: { readonly spent: bigint; readonly reserved: bigint }): bigint {
    const counter = this.counter(claim);
    const level = {
      spent: within(0n, (counter?.spent ?? 0n) + change.spent, MAX_INTEGER),
      reserved: within(0n, (counter?.reserved ?? 0n) + change.reserved, MAX_INTEGER),
    };
    if (counter !== undefined) this.#write(claim, { ...counter, ...level });
    else if (level.spent > 0n) this.#create(claim, { ...level, seeded: false });
    return level.spent;
  }

  #create({ family, member, endsMs }: BudgetClaim, { spent, reserved, seeded = true }: Counter): void {
    this.run(
      "INSERT INTO family VALUES (?, ?, 1) ON CONFLICT (name) DO UPDATE SET members = members + 1",
      family,
      Number.isFinite(endsMs) ? BigInt(Math.ceil(endsMs)) : null,
    );
    this.run("INSERT INTO counter VALUES (?, ?, ?, ?, ?)", family, member, spent, reserved, seeded ? 1n : 0n);
  }

  #write({ family, member }: BudgetClaim, { spent, reserved, seeded = true }: Counter): void {
    const set = "UPDATE counter SET spent = ?, reserved = ?, seeded = ? WHERE family = ? AND member = ?";
    this.run(set, spent, reserved, seeded ? 1n : 0n, family, member);
  }

  fullAtMs(counter: string): number | undefined {
    return this.one("SELECT full_at_ms FROM bucket WHERE counter = ?", counter)?.["full_at_ms"] as number | undefined;
  }

  setFullAtMs(counter: string, fullAtMs: number): void {
    const write =
      "INSERT INTO bucket VALUES (?, ?) ON CONFLICT (counter) DO UPDATE SET full_at_ms = excluded.full_at_ms";
    this.run(write, counter, fullAtMs);
  }

  slotsTaken(counter: string): number {
    return Number(this.one("SELECT taken FROM slot WHERE counter = ?", counter)?.["taken"] ?? 0);
  }

  takeSlot(counter: string): void {
    this.run("INSERT INTO slot VALUES (?, 1) ON CONFLICT (counter) DO UPDATE SET taken = taken + 1", counter);
  }

  freeSlot(counter: string): void {
    this.run("UPDATE slot SET taken = taken - 1 WHERE counter = ?", counter);
    this.run("DELETE FROM slot WHERE counter = ? AND taken <= 0", counter);
  }

  pausedUntilMs(counter: string): number {
    return Number(this.one("SELECT until_ms FROM pause WHERE counter = ?", counter)?.["until_ms"] ?? 0);
  }

  /** A later pause never shortens an earlier one. */
  pauseUntil(counter: string, untilMs: bigint): void {
    const later = "ON CONFLICT (counter) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)";
    this.run(`INSERT INTO pause VALUES (?, ?) ${later}`, counter, untilMs);
  }

  one(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      // Amounts above 2^53 are not exact as numbers.
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Integers of SQLite have 64 bits. */
const MAX_INTEGER = 2n ** 63n - 1n;

function within(least: bigint, value: bigint, most: bigint): bigint {
  if (value < least) return least;
  return value > most ? most : value;
}
