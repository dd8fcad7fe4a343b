import { Allow, parse } from "partial-json";
import { setOwn } from "../core/own.ts";

/** What an unfinished JSON text says so far: strings, lists and tables may be open, half-written numbers and words are left out. */
export function parsePartial(text: string): unknown {
  const start = text.search(/[[{]/);
  if (start < 0) return undefined;
  try {
    return plain(parse(text.slice(start), Allow.STR | Allow.ARR | Allow.OBJ));
  } catch {
    return undefined;
  }
}

/**
 * The parser assigns, so that a key `__proto__` becomes the prototype, or is lost where its value is not an object; JSON.parse
 * makes it a property like any other.
 */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = plain(value[index]);
    return value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const table = value as Record<string, unknown>;
  for (const key of Object.keys(table)) table[key] = plain(table[key]);
  if (prototype === Object.prototype) return table;
  Object.setPrototypeOf(table, Object.prototype);
  setOwn(table, "__proto__", plain(prototype));
  return table;
}
