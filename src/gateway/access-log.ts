import type { ModelErrorCode } from "../core/error-codes.ts";

/** A line of the access log: who answered and what it cost, without content. */
export interface AccessRecord {
  /** When the request arrived, ISO 8601. */
  readonly time: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Until the last byte of the response, or until the client left. */
  readonly ms: number;
  /** The name of the client's key. */
  readonly key?: string;
  /** The id of the call; `call` in log lines, the audit and the ledger. */
  readonly call?: string;
  /** The name in the request, if models.toml has it. */
  readonly model?: string;
  /** The entry that answered, and its provider. */
  readonly entry?: string;
  readonly provider?: string;
  readonly stream?: boolean;
  readonly attempts?: number;
  /** Null if a price is unknown. */
  readonly costUsd?: number | null;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of a failed call. */
  readonly code?: ModelErrorCode;
  /** The message of an unexpected error, which is a bug. Clients do not get it. */
  readonly defect?: string;
  /** The client closed the connection before the end. */
  readonly left?: true;
}

export type CallFacts = Partial<Omit<AccessRecord, "time" | "method" | "path" | "status" | "ms">>;
