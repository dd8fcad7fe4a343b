import type { LedgerCounter, LedgerQuery, LedgerRow, LedgerSum } from "../core/ledger.ts";
import type { PackedRows } from "./packed-rows.ts";

/** The tables of a ledger in one database. All methods throw ModelError `state_unavailable`. */
export interface LedgerTables {
  /** Connects, and brings the tables to this version. All other methods do so too, if it is still to do. */
  prepare(): Promise<void>;
  /** Writes rows in one transaction: `rows` before `packed`. Only rows that are open or lost change. */
  write(rows: readonly LedgerRow[], packed?: PackedRows): Promise<void>;
  /** Extends the lease of this process. */
  renew(): Promise<void>;
  /** Marks open rows of processes whose lease expired as lost. */
  markLost(): Promise<void>;
  /** Deletes rows that ended before a time, after saving what they were charged. */
  deleteBefore(timeMs: number): Promise<void>;
  query(question: LedgerQuery): Promise<readonly LedgerSum[]>;
  spent(family: string, member: string, reserved: boolean): Promise<bigint>;
  /** All counters of a family, sorted by member; at most `max`. */
  counters(family: string, max: number, reserved: boolean): Promise<readonly LedgerCounter[]>;
  /** The key for the hashes of users. */
  userKey(): Promise<string>;
  /** Ends the lease of this process. */
  close(): Promise<void>;
}

/** Rows that are deleted in one transaction. */
export const MAX_DELETED = 1_000;

export const USER_KEY = "users";

/** A schema that a newer version of this package created. */
export function newerSchema(what: string, found: number, known: number): string {
  return `${what} has version ${found} of its tables, and this version of modelwright knows ${known}; install a newer modelwright`;
}
