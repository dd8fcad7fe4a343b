import { Allow, parse } from "partial-json";

/** What an unfinished JSON text says so far: strings, lists and tables may be open, half-written numbers and words are left out. */
export function parsePartial(text: string): unknown {
  const start = text.search(/[[{]/);
  if (start < 0) return undefined;
  try {
    return parse(text.slice(start), Allow.STR | Allow.ARR | Allow.OBJ);
  } catch {
    return undefined;
  }
}
