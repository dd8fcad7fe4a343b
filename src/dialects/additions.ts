import type { Additions } from "../core/additions.ts";
import { own, setOwn } from "../core/own.ts";
import type { Report } from "./report.ts";

type Tree = Readonly<Record<string, unknown>>;

/**
 * The encoded body with what a client of the same wire format added. An object that means nothing without what was read, such
 * as `thinking` without its type, is added to an encoded one only: a dropped setting stays dropped.
 */
export function withAdditions<Body extends object>(body: Body, additions: Additions | undefined, report: Report): Body {
  return additions === undefined ? body : (added(body as Tree, additions, "", report) as Body);
}

function added(base: Tree, { fields, inner }: Additions, path: string, report: Report): Tree {
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(fields)) setOwn(result, name, joined(own(base, name), value));
  for (const [name, one] of Object.entries(inner)) {
    const place = path === "" ? name : `${path}.${name}`;
    const encoded = own(base, name);
    if (fits(encoded, one)) setOwn(result, name, added(isTree(encoded) ? encoded : {}, one, place, report));
    else report(place, one.fields, undefined, "it belongs to a setting that is not sent in this form");
  }
  return result;
}

function joined(before: unknown, value: unknown): unknown {
  return Array.isArray(before) && Array.isArray(value) ? [...new Set([...before, ...value])] : value;
}

function fits(encoded: unknown, { within }: Additions): boolean {
  if (within === undefined) return true;
  return isTree(encoded) && (within.type === undefined || own(encoded, "type") === within.type);
}

/** Objects are merged, everything else is replaced. */
export function mergeTrees(base: Tree, extra: Tree): Tree {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(extra)) {
    const before = own(merged, key);
    setOwn(merged, key, isTree(before) && isTree(value) ? mergeTrees(before, value) : value);
  }
  return merged;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
