import type { AdmitRequest, Settlement } from "../core/store.ts";
import type { WrittenText } from "./text-store.ts";

/** How the worker opens the file. */
export interface SqliteSettings {
  readonly path: string;
  /** How long a transaction waits while another process holds the lock. */
  readonly busyMs: number;
  /** Maximum size of the file. */
  readonly maxPages?: number | undefined;
}

export type Question =
  | { readonly op: "admit"; readonly request: AdmitRequest }
  | { readonly op: "settle"; readonly settlement: Settlement; readonly isAbandoned: boolean }
  | { readonly op: "renew"; readonly owner: string; readonly leaseMs: number }
  | { readonly op: "pause"; readonly counter: string; readonly forMs: number }
  | { readonly op: "levels"; readonly family: string }
  | { readonly op: "get-value"; readonly key: string; readonly maxBytes: number }
  | ({ readonly op: "set-value" } & WrittenText)
  | { readonly op: "delete-value"; readonly key: string }
  | { readonly op: "clear-values"; readonly prefix: string };

/** To the worker. */
export type Asked = { readonly seq: number; readonly nowMs: number; readonly question: Question } | "close";

/** From the worker: the answers of one transaction. `failure` says what happened and what to do. */
export type Answer =
  | { readonly seq: number; readonly value: unknown }
  | { readonly seq: number; readonly failure: string };
