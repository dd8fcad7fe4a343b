import type { Finding } from "./limits.ts";
import type { Table } from "./table.ts";
import type { View } from "./view.ts";

/** The keys that have an effect only with one store. */
const ONLY: Readonly<Record<string, string>> = { path: "sqlite", url: "redis", prefix: "redis" };

/** Errors in `[state]` that involve several keys. */
export function checkState(view: View): Finding[] {
  const tables = view.tablesAt(["state"], "entry");
  const state = Object.assign({}, ...tables.map(({ table }) => table)) as Table;
  const path = tables.at(-1)?.path ?? [];
  const { store = "memory" } = state;
  if (typeof store === "string" && store.startsWith("env:")) return [];
  const unused = Object.entries(ONLY).filter(([key, only]) => state[key] !== undefined && store !== only);
  return [
    ...(store === "redis" && state["url"] === undefined
      ? [finding([...path, "store"], 'store = "redis" needs the address of the server: add url = "env:REDIS_URL"')]
      : []),
    ...unused.map(([key, only]) => finding([...path, key], `"${key}" has an effect only with store = "${only}"`)),
  ];
}

function finding(path: Finding["path"], message: string): Finding {
  return { path, at: "key", message };
}
