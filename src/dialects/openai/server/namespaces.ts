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

/** The tools in namespaces, and the unique names that they have in wire formats without namespaces. */
export class FlatNames {
  /** The tools by their unique names. */
  readonly places = new Map<string, NamespacedName & { readonly type?: string | undefined }>();
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;
  /** The number of tools with a name. */
  readonly #copies = new Map<string, number>();

  constructor(tools: unknown) {
    const list = asObjects(tools);
    this.#taken = new Set(list.filter(({ type }) => type !== "namespace").map(nameOf));
    for (const space of list.filter(({ type }) => type === "namespace"))
      for (const tool of asObjects(space.tools)) {
        if (this.places.size > MAX_TOOLS) return;
        this.#add({ namespace: nameOf(space), name: nameOf(tool) }, asString(tool.type));
      }
  }

  /** The unique name of a tool; a history may have tools that the request has no longer. */
  nameOf(place: NamespacedName): string {
    return this.#names.get(keyOf(place)) ?? flatName(place);
  }

  #add(place: NamespacedName, type: string | undefined): void {
    if (this.#names.has(keyOf(place))) return;
    const name = this.#unique(flatName(place));
    this.#taken.add(name);
    this.#names.set(keyOf(place), name);
    this.places.set(name, { ...place, type });
  }

  #unique(name: string): string {
    for (let copy = this.#copies.get(name) ?? 1; ; copy += 1) {
      const candidate = copy === 1 ? name : `${name.slice(0, MAX_NAME - 5)}_${copy}`;
      if (this.#taken.has(candidate)) continue;
      this.#copies.set(name, copy + 1);
      return candidate;
    }
  }
}

function keyOf({ namespace, name }: NamespacedName): string {
  return JSON.stringify([namespace, name]);
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
