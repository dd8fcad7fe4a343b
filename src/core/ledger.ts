import type { ModelErrorCode } from "./error-codes.ts";
import type { Usage } from "./usage.ts";

/**
 * One attempt that may be billed, or one answer from the cache (attempt 0). `callId` and `attempt` identify it. Rows have no
 * prompts and no answers.
 */
export interface LedgerRow {
  readonly callId: string;
  /** 1 for the first attempt of a call; 0 for an answer from the cache. */
  readonly attempt: number;
  /** The caller's trace; the call id if it gave none. */
  readonly traceId: string;
  /** When the attempt was admitted, milliseconds since 1970; on the clock of the state store if it has budgets. */
  readonly timeMs: number;
  readonly entry: string;
  readonly provider: string;
  readonly modelId: string;
  /** The model that the provider says it served. */
  readonly servedModel?: string | undefined;
  /**
   * open: sent, not ended; lost: its process died. Only rows with these outcomes ever change. cached: the stored answer of an
   * equal call; similar: that of a similar question.
   */
  readonly outcome: "open" | "ok" | "error" | "aborted" | "lost" | "cached" | "similar";
  readonly code?: ModelErrorCode | undefined;
  readonly status?: number | undefined;
  readonly usage?: Usage | undefined;
  readonly serviceTier?: string | undefined;
  /** Nano-USD; null if a price is unknown, and while the row is open. Of an answer from the cache: 0. */
  readonly cost: bigint | null;
  /** Nano-USD that an open row may cost at most: the cost of the row if its process dies. Null or absent: unknown. */
  readonly reserved?: bigint | null | undefined;
  /** Nano-USD that an answer from the cache saved; null if unknown. */
  readonly saved?: bigint | null | undefined;
  readonly priceSource?: string | undefined;
  /** ISO date of the price. */
  readonly priceDate?: string | undefined;
  /** Nano-USD above the limits of the budgets. */
  readonly overrun: bigint;
  readonly estimated: boolean;
  readonly possiblyBilled: boolean;
  readonly durationMs: number;
  readonly firstTokenMs?: number | undefined;
  readonly user?: string | undefined;
  readonly tags: readonly string[];
  readonly scope?: string | undefined;
  /** Fingerprint of the API key, or the name of a gateway key. */
  readonly key?: string | undefined;
  readonly budgets: readonly LedgerBudget[];
}

/** A budget counter that an attempt was charged to. */
export interface LedgerBudget {
  /** `family` and `member` of the counter, as in BudgetClaim. */
  readonly family: string;
  readonly member: string;
  /** What the counter was charged: nano-USD, or tokens; while the row is open, the reservation. */
  readonly amount: bigint;
}

/** What a member of a family was charged. */
export interface LedgerCounter {
  readonly member: string;
  readonly spent: bigint;
}

/** `model` is the provider's model id, `entry` the name in models.toml. */
export const LEDGER_FIELDS = [
  ...(["model", "provider", "entry", "user", "tag", "scope", "key", "outcome", "code"] as const),
] as const;
export type LedgerField = (typeof LEDGER_FIELDS)[number];

/** Periods in UTC; weeks begin on Monday. */
export const LEDGER_PERIODS = ["hour", "day", "week", "month"] as const;
export type LedgerPeriod = (typeof LEDGER_PERIODS)[number];

export type LedgerGroup = LedgerField | LedgerPeriod;
export const LEDGER_GROUPS: readonly LedgerGroup[] = [...LEDGER_FIELDS, ...LEDGER_PERIODS];

/** A question to the ledger. Times are milliseconds since 1970 or dates; `until` is exclusive. */
export interface LedgerQuery {
  /** Groups of the sums, in this order; an attempt with several tags counts in each. None: one total. */
  readonly by?: readonly LedgerGroup[] | undefined;
  readonly since?: number | Date | undefined;
  readonly until?: number | Date | undefined;
  /** Only attempts with these values; `tag`: those that have the tag, whatever others they have. */
  readonly where?: Partial<Readonly<Record<LedgerField, string | undefined>>> | undefined;
}

/** Sums of the attempts of one group. */
export interface LedgerSum {
  /**
   * The values of `by`; null where attempts have none. Periods are the UTC time they begin at: `2026-01-31T13:00Z`,
   * `2026-01-31` (days, and weeks by their Monday) or `2026-01`.
   */
  readonly group: Readonly<Partial<Record<LedgerGroup, string | null>>>;
  /** Attempts that ended or were lost, without answers from the cache. The other numbers are about these. */
  readonly attempts: number;
  /** Attempts that failed or were lost. */
  readonly failed: number;
  /** Attempts that have not ended. */
  readonly open: number;
  /** Answers from the cache. */
  readonly cached: number;
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
  readonly total: number;
  /** Null if the cost of an attempt is unknown; `knownUsd` is the sum of the others, `unpriced` counts the unknown ones. */
  readonly usd: number | null;
  readonly knownUsd: number;
  readonly unpriced: number;
  readonly savedUsd: number;
  readonly overrunUsd: number;
  readonly estimated: number;
  readonly possiblyBilled: number;
}

/** Durable rows of all attempts, and queries over them. */
export interface Ledger {
  /**
   * Before a request leaves. With durability "sync", resolves when the open row is on disk; otherwise at once.
   * @throws ModelError `state_unavailable` if the row cannot be kept.
   */
  open(row: LedgerRow): Promise<void> | void;
  /**
   * The final row of an attempt; questions, `flush` and `close` wait for one that is still to come. With durability "sync",
   * resolves when it is on disk; otherwise at once.
   */
  append(row: LedgerRow | Promise<LedgerRow>): Promise<void> | void;
  query(question?: LedgerQuery): Promise<readonly LedgerSum[]>;
  /**
   * What a budget counter was charged in all rows that ended or were lost, to rebuild it. With "reserved", plus what open rows
   * of other processes reserve: of one that crashed less than a lease ago, too.
   */
  spent(family: string, member: string, including?: "reserved"): Promise<bigint>;
  /**
   * The same of at most `max` counters of a family, without the `known` members, in the order of their names. A ledger that has
   * only hashes of users gives hashes.
   */
  counters(
    family: string,
    known: readonly string[],
    max: number,
    including?: "reserved",
  ): Promise<readonly LedgerCounter[]>;
  /** Writes what is buffered. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** How long a process may be silent before its open rows count as lost. */
export const LEDGER_LEASE_MS = 30_000;

/** `[ledger]` with defaults. */
export interface LedgerSettings {
  readonly store: "sqlite" | "postgres";
  /** Of the SQLite database; with Postgres, of the spool. Absolute if the base directory of the file is known. */
  readonly path: string;
  /** Only with Postgres. */
  readonly url?: string | undefined;
  readonly durability: "batch" | "sync";
  /** Milliseconds that rows are kept; Infinity for ever. */
  readonly keep: number;
  /** Bytes that the spool may have while Postgres is down. */
  readonly maxSpool: number;
  readonly users: "plain" | "hash";
}
