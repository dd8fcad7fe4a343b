import { resolve } from "node:path";
import { type RECORD_MODES, type RECORD_TIMINGS, recordSection } from "./schema-record.ts";
import { tableReader } from "./sections.ts";
import type { Table } from "./table.ts";

/** `[record]` with defaults. */
export interface RecordConfig {
  readonly mode: (typeof RECORD_MODES)[number];
  /** Absolute. */
  readonly file: string;
  readonly timing: (typeof RECORD_TIMINGS)[number];
}

const readRecord = tableReader(recordSection);

export function recordOf(section: Table | undefined, baseDir: string | undefined): RecordConfig | undefined {
  if (section === undefined) return undefined;
  const { file, ...rest } = readRecord(section);
  return Object.freeze({ ...rest, file: resolve(baseDir ?? "", String(file)) }) as unknown as RecordConfig;
}
