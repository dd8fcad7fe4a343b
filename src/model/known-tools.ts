import type { EntryOptions } from "../core/options.generated.ts";
import { isPlain } from "../core/plain-object.ts";
import { isStandardSchema } from "./schema-json.ts";

type Tools = Pick<EntryOptions, "tools">;

const MOST_KNOWN = 16;

/**
 * Tools that were read. A program gives the same ones with every call, and checking, copying and freezing twelve of them
 * costs more than a tenth of a call.
 */
export class KnownTools {
  /** The latest first. */
  readonly #known: { readonly given: unknown; readonly read: Tools }[] = [];

  /** What was read of tools equal to these. */
  find(tools: unknown): Tools | undefined {
    if (tools === undefined) return undefined;
    const at = this.#known.findIndex(({ given }) => isSame(tools, given));
    const found = this.#known[at];
    if (found !== undefined && at > 0) this.#known.unshift(...this.#known.splice(at, 1));
    return found?.read;
  }

  /** `given` is a copy: the caller's own objects may change. */
  keep(given: unknown, read: Tools): void {
    if (this.#known.unshift({ given, read }) > MOST_KNOWN) this.#known.pop();
  }
}

/**
 * A copy to be read and kept, as a getter may say something else the next time; `undefined` where two readings may find
 * different things in any case: functions, and objects of a class of their own.
 */
export function copyOfTools(tools: unknown): unknown {
  const copy = copyOf(tools);
  return copy === UNKNOWN ? undefined : copy;
}

const UNKNOWN = Symbol("unknown");

function copyOf(value: unknown): unknown {
  if (typeof value === "function") return UNKNOWN;
  if (typeof value !== "object" || value === null || isStandardSchema(value)) return value;
  if (Array.isArray(value)) {
    const items = Array.from(value as readonly unknown[], copyOf);
    return items.includes(UNKNOWN) ? UNKNOWN : items;
  }
  if (!isPlain(value)) return UNKNOWN;
  const fields = Object.entries(value).map(([name, inner]) => [name, copyOf(inner)] as const);
  return fields.some(([, inner]) => inner === UNKNOWN) ? UNKNOWN : Object.fromEntries(fields);
}

/** Schema objects do not change: they are the same where they are identical. */
function isSame(value: unknown, copy: unknown): boolean {
  if (value === copy) return true;
  if (typeof value !== "object" || typeof copy !== "object" || value === null || copy === null) return false;
  if (Array.isArray(value)) return Array.isArray(copy) && areSame(value, copy);
  if (!isPlain(value) || !isPlain(copy)) return false;
  const names = Object.keys(copy);
  let count = 0;
  for (const name in value) {
    // In the same order: a model fills in the properties of a schema in theirs.
    if (name !== names[count] || !isSame((value as Fields)[name], (copy as Fields)[name])) return false;
    count++;
  }
  return count === names.length;
}

type Fields = Readonly<Record<string, unknown>>;

function areSame(values: readonly unknown[], copies: readonly unknown[]): boolean {
  if (values.length !== copies.length) return false;
  for (let index = 0; index < values.length; index++) if (!isSame(values[index], copies[index])) return false;
  return true;
}
