import { digest } from "../../served/hash.ts";
import { asObjects, asString, type Json } from "../../served/json.ts";
import { MAX_TOOLS } from "../../served/own-wire.ts";

/** The longest name that every wire format accepts. */
const MAX_NAME = 64;
const DIGEST = 8;

/** A tool in a namespace. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** The tools in namespaces, by the unique names that they have in wire formats without namespaces. */
export function flatNames(tools: unknown): ReadonlyMap<string, NamespacedName> {
  const list = asObjects(tools);
  const taken = new Set(list.filter(({ type }) => type !== "namespace").map(nameOf));
  const names = new Map<string, NamespacedName>();
  for (const space of list.filter(({ type }) => type === "namespace"))
    for (const tool of asObjects(space.tools)) {
      const place = { namespace: nameOf(space), name: nameOf(tool) };
      const flat = uniqueName(flatName(place), taken);
      taken.add(flat);
      names.set(flat, place);
      if (names.size > MAX_TOOLS) return names;
    }
  return names;
}

/** The name of a tool among those of the request; a history may have tools that the request has no longer. */
export function flatNameOf(place: NamespacedName, names: ReadonlyMap<string, NamespacedName>): string {
  const known = [...names].find(([, { namespace, name }]) => namespace === place.namespace && name === place.name);
  return known?.[0] ?? flatName(place);
}

function nameOf({ name }: Json): string {
  return asString(name) ?? "";
}

/** The name of a tool in a namespace, with the characters and the length that every wire format accepts. */
function flatName({ namespace, name }: NamespacedName): string {
  let end = namespace.length;
  while (namespace[end - 1] === "_") end -= 1;
  const joined = `${namespace.slice(0, end)}__${name}`;
  const plain = joined.replaceAll(/[^\w-]/g, "_");
  if (plain === joined && plain.length <= MAX_NAME) return plain;
  return `${plain.slice(0, MAX_NAME - DIGEST - 1)}_${digest(joined).slice(0, DIGEST)}`;
}

function uniqueName(name: string, taken: ReadonlySet<string>): string {
  for (let copy = 2; ; copy += 1) {
    const candidate = copy === 2 ? name : `${name.slice(0, MAX_NAME - 4)}_${copy}`;
    if (!taken.has(candidate)) return candidate;
  }
}
