import { resolve } from "node:path";
import type { StateSettings } from "../core/budget.ts";
import { stateSection } from "./schema-state.ts";
import { tableReader } from "./sections.ts";
import type { Table } from "./table.ts";

const readState = tableReader(stateSection);

/** `[state]` with defaults. Without this table, counters are kept in memory. */
export function stateOf(section: Table | undefined, baseDir: string | undefined): StateSettings {
  const { path, ...rest } = readState(section ?? {});
  return Object.freeze({ ...rest, path: resolve(baseDir ?? "", String(path)) }) as unknown as StateSettings;
}
