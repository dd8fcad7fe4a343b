import { resolve } from "node:path";
import type { LedgerSettings } from "../core/ledger.ts";
import { ledgerSection } from "./schema-ledger.ts";
import { tableReader } from "./sections.ts";
import type { Table } from "./table.ts";

const readLedger = tableReader(ledgerSection);

/** `[ledger]` with defaults. */
export function ledgerOf(section: Table | undefined, baseDir: string | undefined): LedgerSettings | undefined {
  if (section === undefined) return undefined;
  const { path, keep, ...rest } = readLedger(section);
  const settings = { ...rest, path: resolve(baseDir ?? "", String(path)), keep: ageMs(String(keep)) };
  return Object.freeze(settings) as unknown as LedgerSettings;
}

const HOUR_MS = 3_600_000;

function ageMs(age: string): number {
  if (age === "forever") return Number.POSITIVE_INFINITY;
  return Number.parseFloat(age) * (age.endsWith("d") ? 24 * HOUR_MS : HOUR_MS);
}
