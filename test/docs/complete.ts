import { parse } from "smol-toml";
import { configSchema, entryShape } from "../../src/config/schema.ts";

/*
 * TypeScript blocks are complete: what a reader copies runs, imports included.
 *
 * TOML blocks may be fragments. Keys of an entry without a table above them belong to an entry `example`; an entry without
 * `name` or `provider` (and without `extends`) is a gpt-6-luna at openai; names of fallbacks that are not shown are
 * entries like it.
 */

/** The block as a module of its own, also where it imports and exports nothing. */
export function asModule(text: string): string {
  return `${text}\nexport {};\n`;
}

const STUB = { name: "gpt-6-luna", provider: "openai" } as const;
const TOP_KEYS = Object.keys(configSchema.shape);
const FALLBACK_LISTS = Object.keys(entryShape).filter((key) => key === "fallback_models" || key.endsWith("_fallbacks"));

export function completeToml(text: string): string {
  const first = /^([A-Za-z_]+)\s*=/.exec(
    text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#")) ?? "",
  )?.[1];
  const headed = first !== undefined && !TOP_KEYS.includes(first) ? `[models.example]\n${text}` : text;
  const named = headed.replace(
    /^\[models\.([^\].]+)\][^\n]*$/gm,
    (head, name: string) => `${head}${missingKeys(headed, name)}`,
  );
  const shown = entriesOf(named);
  const more = [...new Set([...mentioned(named), ...(shown.length === 0 ? ["example"] : [])])].filter(
    (name) => !shown.includes(name),
  );
  return `${named}\n${more.map((name) => `[models.${name}]\n${lines(["name", "provider"])}`).join("\n")}`;
}

type Table = Record<string, unknown>;
type Entries = Record<string, Table>;

function missingKeys(text: string, name: string): string {
  const entry = (parse(text).models as Entries)[name] ?? {};
  if (entry.extends !== undefined) return "";
  const keys = (["name", "provider"] as const).filter((key) => entry[key] === undefined);
  return keys.length === 0 ? "" : `\n${lines(keys)}`;
}

function lines(keys: readonly (keyof typeof STUB)[]): string {
  return keys.map((key) => `${key} = "${STUB[key]}"`).join("\n");
}

export function entriesOf(text: string): string[] {
  return Object.keys((parse(text).models ?? {}) as Entries);
}

/** Files that the text includes; of a pattern, one that matches. */
export function includesOf(text: string): string[] {
  return ((parse(text).include ?? []) as string[]).map((path) => path.replaceAll("*", "any"));
}

/** Names of entries that the text leads to. */
function mentioned(text: string): string[] {
  const document = parse(text);
  const profiles = Object.values((document.profiles ?? {}) as Entries);
  const tables = [document, ...profiles].flatMap(({ models, defaults }) => [
    ...Object.values((models ?? {}) as Entries),
    (defaults ?? {}) as Table,
  ]);
  const names = tables.flatMap((table) => [
    table.extends,
    ...FALLBACK_LISTS.flatMap((key) => (table[key] ?? []) as string[]),
  ]);
  const overlaid = profiles.flatMap(({ models }) => Object.keys((models ?? {}) as Entries));
  const groups = Object.values((document.groups ?? {}) as Entries).flatMap(({ members, fallback_models }) => [
    ...((members ?? []) as (string | Table)[]).map((member) => (typeof member === "string" ? member : member.model)),
    ...((fallback_models ?? []) as string[]),
  ]);
  const aliased = Object.values((document.aliases ?? {}) as Table);
  return [document.default_model, ...names, ...overlaid, ...groups, ...aliased].filter(
    (name) => typeof name === "string",
  );
}

/** The same file with every entry answered by the simulator, as a profile: positions stay. */
export function withSimulatedProfile(text: string): string {
  const tables = entriesOf(text).map(
    (name) => `[profiles.${PROFILE}.models.${JSON.stringify(name)}]\nprovider = "simulator"`,
  );
  return `${text}\n${tables.join("\n")}\n`;
}

export const PROFILE = "documentation";
