import type { Finding } from "./limits.ts";
import type { Table } from "./table.ts";
import type { View } from "./view.ts";

/** Errors in `[record]` that involve several keys. */
export function checkRecord(view: View): Finding[] {
  const tables = view.tablesAt(["record"], "entry");
  if (tables.length === 0) return [];
  const record = Object.assign({}, ...tables.map(({ table }) => table)) as Table;
  const path = tables.at(-1)?.path ?? [];
  return [
    ...(record.file === undefined ? [finding(path, '[record] needs a file: add file = "recordings/NAME.jsonl"')] : []),
    ...(record.timing !== undefined && record.mode === "record"
      ? [finding([...path, "timing"], '"timing" has an effect only with mode = "replay"; times are always recorded')]
      : []),
  ];
}

function finding(path: Finding["path"], message: string): Finding {
  return { path, at: "key", message };
}
