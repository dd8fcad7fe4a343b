import type { EntryOptions } from "../core/options.generated.ts";

const MAX_KNOWN = 256;
const MAX_NAME_CHARS = 1_000;

/**
 * What stands for the options of a call: equal options have equal names. Undefined if one of them is an object, which may change,
 * or a long string.
 */
export function entryNameOf(model: string, table: Readonly<Record<string, unknown>>): string | undefined {
  let name = JSON.stringify(model);
  for (const key of Object.keys(table)) {
    const value = table[key];
    const isConstant = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    if (!isConstant) return undefined;
    name += `,${JSON.stringify(key)}:${typeof value === "string" ? JSON.stringify(value) : value}`;
    if (name.length > MAX_NAME_CHARS) return undefined;
  }
  return name;
}

/** Caches validated options: most programs give the same numbers with every call, and equal options then share their parts. */
export class KnownEntries {
  readonly #entries = new Map<string, EntryOptions>();

  find(name: string | undefined): EntryOptions | undefined {
    return name === undefined ? undefined : this.#entries.get(name);
  }

  /** `entry` must be frozen. */
  keep(name: string | undefined, entry: EntryOptions): void {
    if (name === undefined || this.#entries.has(name)) return;
    if (this.#entries.size >= MAX_KNOWN) this.#entries.clear();
    this.#entries.set(name, entry);
  }
}
