import type { Ledger, LedgerCounter, LedgerQuery, LedgerRow, LedgerSum } from "../core/ledger.ts";
import { nodeCrypto } from "../core/node-crypto.ts";

/** A ledger that knows users only by the HMAC of their names. Questions name them plainly. */
export class HashedUsers implements Ledger {
  readonly #ledger: Ledger;
  readonly #readKey: () => Promise<string>;
  #key: string | undefined;
  #reading: Promise<string> | undefined;

  constructor(ledger: Ledger, readKey: () => Promise<string>) {
    this.#ledger = ledger;
    this.#readKey = readKey;
  }

  open(row: LedgerRow): Promise<void> | void {
    const hashed = this.#hashed(row);
    return "then" in hashed ? hashed.then((known) => this.#ledger.open(known)) : this.#ledger.open(hashed);
  }

  append(row: LedgerRow | Promise<LedgerRow>): Promise<void> | void {
    return this.#ledger.append("then" in row ? row.then((known) => this.#hashed(known)) : this.#hashed(row));
  }

  async query(question: LedgerQuery = {}): Promise<readonly LedgerSum[]> {
    const { user, ...where } = question.where ?? {};
    if (user === undefined) return this.#ledger.query(question);
    return this.#ledger.query({ ...question, where: { ...where, user: hashOf(user, await this.#keyRead()) } });
  }

  async spent(family: string, member: string, including?: "reserved"): Promise<bigint> {
    return this.#ledger.spent(family, member === "" ? "" : hashOf(member, await this.#keyRead()), including);
  }

  async counters(
    family: string,
    known: readonly string[],
    max: number,
    including?: "reserved",
  ): Promise<readonly LedgerCounter[]> {
    const key = await this.#keyRead();
    const hashes = known.map((member) => (member === "" ? "" : hashOf(member, key)));
    return this.#ledger.counters(family, hashes, max, including);
  }

  flush(): Promise<void> {
    return this.#ledger.flush();
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  #hashed(row: LedgerRow): LedgerRow | Promise<LedgerRow> {
    if (row.user === undefined && row.budgets.every(({ member }) => member === "")) return row;
    if (this.#key !== undefined) return hashedRow(row, this.#key);
    return this.#keyRead().then((key) => hashedRow(row, key));
  }

  /** All rows wait for the same key, so that they keep their order. */
  #keyRead(): Promise<string> {
    this.#reading ??= this.#readOnce();
    return this.#reading;
  }

  async #readOnce(): Promise<string> {
    try {
      this.#key = await this.#readKey();
      return this.#key;
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
  }
}

/** A member of a budget may be a user, too. */
function hashedRow(row: LedgerRow, key: string): LedgerRow {
  const budgets = row.budgets.map((budget) =>
    budget.member === "" ? budget : { ...budget, member: hashOf(budget.member, key) },
  );
  return { ...row, user: row.user === undefined ? undefined : hashOf(row.user, key), budgets };
}

function hashOf(user: string, key: string): string {
  return nodeCrypto().createHmac("sha256", key).update(user).digest("hex").slice(0, 32);
}
