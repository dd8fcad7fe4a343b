import type { EntryOptions } from "../core/options.generated.ts";
import { isPlain } from "../core/plain-object.ts";
import { isStandardSchema } from "./schema-json.ts";

type Tools = Pick<EntryOptions, "tools">;

const MAX_KNOWN = 16;

/**
 * Caches validated tools. Most programs pass the same tools with every call, and validating, copying and freezing twelve of
 * them takes more than a tenth of the CPU time of a call.
 */
export class KnownTools {
  /** Most recently used first. */
  readonly #known: { readonly input: unknown; readonly tools: Tools }[] = [];

  /** The validated tools for an equal input. */
  find(tools: unknown): Tools | undefined {
    if (tools === undefined) return undefined;
    const at = this.#known.findIndex(({ input }) => isSame(tools, input));
    const found = this.#known[at];
    if (found !== undefined && at > 0) this.#known.unshift(...this.#known.splice(at, 1));
    return found?.tools;
  }

  /** `input` must be a copy, because the caller may change its objects. */
  keep(input: unknown, tools: Tools): void {
    if (this.#known.unshift({ input, tools }) > MAX_KNOWN) this.#known.pop();
  }
}

/**
 * A copy to validate and cache, because a getter may return another value later. `undefined` for values that cannot be
 * compared with a copy: functions and class instances.
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

/** Standard Schema objects are immutable, so they are compared by identity. */
function isSame(value: unknown, copy: unknown): boolean {
  if (value === copy) return true;
  if (typeof value !== "object" || typeof copy !== "object" || value === null || copy === null) return false;
  if (Array.isArray(value)) return Array.isArray(copy) && areSame(value, copy);
  if (!isPlain(value) || !isPlain(copy)) return false;
  const names = Object.keys(copy);
  let count = 0;
  for (const name in value) {
    // The order matters: models generate properties in the order of the schema.
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
