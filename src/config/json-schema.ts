import * as z from "zod";
import { KEY_ALIASES } from "./options.ts";
import { configSchema } from "./schema.ts";

type Node = Record<string, unknown>;

/** Facts of the catalog for editor completion and hovers. */
export interface EditorFacts {
  readonly providers: readonly {
    readonly id: string;
    /** Shown next to the value. */
    readonly meaning: string;
    /** Maximum number of stop sequences per request. */
    readonly maxStops?: number | undefined;
  }[];
  readonly wires: readonly string[];
  /** Model ids to suggest; others are valid too. */
  readonly models: readonly string[];
  /** Sentences to add to the description of a key. */
  readonly notes: Readonly<Record<string, string>>;
}

/** The JSON Schema (draft-07) of models.toml, for editors: `#:schema ./schemas/models.schema.json`. */
export function configJsonSchema(facts: EditorFacts): Node {
  const root = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-07",
    unrepresentable: "any",
    override: ({ jsonSchema }) => simplify(jsonSchema as Node),
  }) as Node;
  const definitions = root.definitions as Record<string, Node>;
  const tables = ["Model", "Defaults", "Provider"].map((id) => definitions[id] ?? {});
  shareKeys(definitions, tables);
  addFacts({ ...propertiesOf(tables[0]), ...definitions }, facts);
  for (const table of tables) table.dependencies = oneSpelling();
  Object.assign(tables[0] ?? {}, stopLimits(facts));
  for (const node of [root, ...Object.values(definitions)]) describeDefaults(node);
  for (const table of [root, definitions.Profile]) labelNames(propertiesOf(table));
  return root;
}

function addFacts(keys: Record<string, Node>, { providers, wires, models, notes }: EditorFacts): void {
  const ids = providers.map(({ id }) => id);
  suggest(keys.provider, ids, { "x-taplo": { docs: { enumValues: providers.map(({ meaning }) => meaning) } } });
  suggest(keys.custom_llm_provider, wires);
  suggest(keys.name, models);
  suggest(keys.price_as, models);
  for (const key of ["provider", "custom_llm_provider"]) refuse(keys[key], "^(?:env|file):");
  refuse(keys.api_key, MALFORMED_REFERENCE);
  refuse(keys.api_key?.items as Node | undefined, MALFORMED_REFERENCE);
  for (const [key, note] of Object.entries(notes)) {
    const node = keys[key];
    if (node !== undefined) node.description = `${node.description} ${note}`;
  }
}

/** A key and its alias exclude each other. */
function oneSpelling(): Node {
  return Object.fromEntries(
    Object.entries(KEY_ALIASES).map(([alias, key]) => [key, { ...OPEN, properties: { [alias]: false } }]),
  );
}

/** Without this, Tombi treats the tables in a condition as closed. */
const OPEN = { additionalProperties: true } as const;

/** Starts like a reference to a variable but is malformed. */
const MALFORMED_REFERENCE = "^env:(?:$|[^A-Z_:]|[A-Z_][A-Z0-9_]*(?:[^A-Z0-9_:]|:(?:$|[^-])))";

function propertiesOf(table: Node | undefined): Record<string, Node> {
  return (table?.properties ?? {}) as Record<string, Node>;
}

/**
 * Merges alternatives into one schema with several types where that is equivalent: editors show each alternative as a
 * separate key without a description. Removes bounds that only say that a number is a safe integer.
 */
function simplify(node: Node): void {
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  const branches = node.anyOf as readonly Node[] | undefined;
  const types = branches?.map(({ type }) => type) ?? [];
  if (branches === undefined || types.some((type, at) => typeof type !== "string" || types.indexOf(type) !== at))
    return;
  const words = branches.map(({ type, enum: values, const: value }) =>
    type === "boolean" && value === undefined ? [true, false] : values,
  );
  const hasWords = branches.some(({ enum: values, const: value }) => values !== undefined || value !== undefined);
  if (hasWords && !words.every(Array.isArray)) return;
  const { anyOf: _anyOf, ...own } = node;
  for (const key of Object.keys(node)) delete node[key];
  Object.assign(node, ...branches, hasWords ? { enum: words.flat() } : {}, { type: types }, own);
}

/** Adds suggestions where any other string is valid too. */
function suggest(node: Node | undefined, words: readonly string[], more: Node = {}): void {
  if (node === undefined) return;
  delete node.examples;
  node.anyOf = [{ type: "string", enum: words, ...more }, true];
}

function refuse(node: Node | undefined, pattern: string): void {
  if (node !== undefined) node.not = { type: "string", pattern };
}

/** Adds defaults to the descriptions: not every editor shows `default`. */
function describeDefaults(node: Node): void {
  if (node.default !== undefined && !/\bdefault\b/i.test(String(node.description)))
    node.description = `${node.description} Default: \`${inToml(node.default)}\`.`;
  for (const inner of [...Object.values(propertiesOf(node)), ...((node.anyOf ?? []) as readonly Node[])])
    describeDefaults(inner);
}

function inToml(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${key} = ${inToml(inner)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** Writes a key that several tables have only once. */
function shareKeys(definitions: Record<string, Node>, tables: readonly Node[]): void {
  const [first, ...others] = tables.map(propertiesOf);
  for (const [key, node] of Object.entries(first ?? {})) {
    if (!others.some((properties) => properties[key] !== undefined)) continue;
    definitions[key] = node;
    for (const properties of [first, ...others]) {
      if (properties?.[key] !== undefined) properties[key] = { $ref: `#/definitions/${key}` };
    }
  }
}

/**
 * Rejects more stop sequences than the provider accepts. A chain of if and else, because Taplo ignores the keys of a
 * table next to an allOf.
 */
function stopLimits({ providers }: EditorFacts): Node {
  const limits = [...new Set(providers.flatMap(({ maxStops }) => maxStops ?? []))].sort((left, right) => left - right);
  let chain: Node = {};
  for (const most of limits.reverse()) {
    const ids = providers.filter(({ maxStops }) => maxStops === most).map(({ id }) => id);
    chain = {
      if: { ...OPEN, properties: { provider: { enum: ids } }, required: ["provider"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { ...OPEN, properties: { stop: { type: ["string", "array"], maxItems: most } } },
      else: { ...OPEN, ...chain },
    };
  }
  return chain;
}

/** Labels for user-defined names in Tombi. */
function labelNames(properties: Record<string, Node>): void {
  const labels = { models: "name", providers: "provider", profiles: "profile", groups: "group", aliases: "alias" };
  for (const [key, label] of Object.entries(labels)) {
    if (properties[key] !== undefined) properties[key]["x-tombi-additional-key-label"] = label;
  }
}
