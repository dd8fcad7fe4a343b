import { newCallId } from "../core/call-id.ts";
import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import type { Ledger, LedgerSettings } from "../core/ledger.ts";
import { BufferedLedger } from "./buffered-ledger.ts";
import { HashedUsers } from "./hashed-users.ts";
import type { LedgerTables } from "./ledger-tables.ts";
import { PostgresTables } from "./postgres-tables.ts";
import { SpooledTables } from "./spooled-tables.ts";
import { SqliteTables } from "./sqlite-tables.ts";

export interface LedgerOptions {
  readonly clock: Clock;
  /** Called when rows cannot be written to their place, once until they can be again. */
  readonly onFailure?: ((error: ModelError) => void) | undefined;
}

/** The ledger of these settings. It connects, and creates its file, when it is used for the first time. */
export function openLedger(settings: LedgerSettings, options: LedgerOptions): Ledger {
  const tables = tablesOf(settings, options);
  const { durability, keep, users } = settings;
  const ledger = new BufferedLedger(tables, { durability, keep, ...options });
  return users === "hash" ? new HashedUsers(ledger, () => tables.userKey()) : ledger;
}

function tablesOf({ store, path, url, durability, maxSpool }: LedgerSettings, options: LedgerOptions): LedgerTables {
  const { clock } = options;
  const owner = newCallId(clock.now());
  const synced = durability === "sync";
  if (store === "sqlite") return new SqliteTables({ path, synced, owner, clock });
  const postgres = new PostgresTables({ url: url ?? "", owner });
  return new SpooledTables(postgres, { path, maxBytes: maxSpool, synced, owner, ...options });
}
