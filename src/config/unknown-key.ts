import { nearest } from "../core/suggest.ts";
import { CALL_ONLY, foreignKey, isLaterKey, type Place, placeOf, properPlace } from "./known-keys.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import { callSchema, configSchema, entryShape, providerOnly } from "./schema.ts";

/** The schema that applies: that of the file or of call options. */
export type Scope = "file" | "call";

const MAX_LISTED = 24;

/** An unknown key in the table at `parent`, with a suggestion. */
export function unknownKey(parent: Path, key: string, scope: Scope): Finding {
  const path = [...parent, key];
  const place = scope === "file" ? placeOf(parent) : parent.length === 0 ? "call" : "other";
  const foreign = foreignKey(place, key);
  const later = [key, foreign].find((name) => name !== undefined && isLaterKey(place, name));
  if (later !== undefined) {
    const ours = later === key ? "" : `is "${later}" here, which `;
    return { path, at: "key", message: `"${key}" ${ours}is known, but not available in this version` };
  }
  // In a union, the key may be valid in another branch.
  const siblings = siblingKeys(place, parent, scope).filter((name) => name !== key);
  // The key of an entry, `rate_limit`, is nearly the name of a section.
  const section = place === "top" && siblings.includes(`${key}s`) ? `${key}s` : undefined;
  const known = section ?? (foreign !== undefined && siblings.includes(foreign) ? foreign : undefined);
  const proper = known === undefined ? properPlace(place, foreign ?? key) : undefined;
  if (proper !== undefined) {
    const ours = foreign === undefined || foreign === key ? "" : `is "${foreign}" here, which `;
    return { path, at: "key", message: `"${key}" ${ours}${proper}` };
  }
  const suggestion = known ?? nearest(key, siblings);
  const list = suggestion === undefined && siblings.length <= MAX_LISTED ? `; known keys: ${siblings.join(", ")}` : "";
  return { path, at: "key", message: `unknown key "${key}" in ${whereIs(place, parent)}${list}`, suggestion };
}

function whereIs(place: Place, parent: Path): string {
  if (place === "top") return parent.length === 0 ? "the file" : "a profile";
  if (place === "call") return "a call's options";
  return place === "entry" ? `[${parent.join(".")}]` : `"${parent.findLast((step) => typeof step === "string")}"`;
}

/** The valid keys of the table at `path`. */
function siblingKeys(place: Place, path: Path, scope: Scope): readonly string[] {
  if (place === "entry" && path.at(-2) === "providers") return Object.keys({ ...entryShape, ...providerOnly });
  if (place === "entry") return Object.keys(entryShape);
  if (place === "call") return [...Object.keys(callSchema.shape), ...CALL_ONLY];
  return [...new Set(schemasAt(path, scope).flatMap(keysOf))];
}

/** The schemas of the value at `path`; several for a union. */
function schemasAt(path: Path, scope: Scope): readonly Definition[] {
  return path.reduce<readonly Definition[]>(
    (schemas, step) => schemas.flatMap((schema) => inside(schema, step)).flatMap(plain),
    plain(scope === "file" ? configSchema : callSchema),
  );
}

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, SchemaLike>>;
  readonly options?: readonly SchemaLike[];
  readonly innerType?: SchemaLike;
  readonly element?: SchemaLike;
  readonly keyType?: SchemaLike;
  readonly valueType?: SchemaLike;
  readonly entries?: object;
}
interface SchemaLike {
  readonly _zod: { readonly def: unknown };
}

function plain(schema: SchemaLike): readonly Definition[] {
  const definition = schema._zod.def as Definition;
  if (definition.innerType !== undefined) return plain(definition.innerType);
  return definition.options?.flatMap(plain) ?? [definition];
}

function inside(definition: Definition, step: string | number): readonly SchemaLike[] {
  const next = definition.shape?.[step] ?? definition.element ?? definition.valueType;
  return next === undefined ? [] : [next];
}

function keysOf(definition: Definition): readonly string[] {
  if (definition.shape !== undefined) return Object.keys(definition.shape);
  return definition.keyType === undefined
    ? []
    : plain(definition.keyType).flatMap((key) => Object.keys(key.entries ?? {}));
}
