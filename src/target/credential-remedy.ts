import type { EntryConfig } from "../config/load.ts";
import { isSecretName } from "../core/secret-name.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";

/** What to do if the provider rejects the credential of an entry. Names variables and places, never a value. */
export function credentialRemedy(source: ResolvedEntry, hooked: boolean, context: ResolveContext): string {
  const { provider } = source.entry;
  const remedy = hooked ? `check the token hook of "${provider}"` : keyRemedy(source, context);
  return [remedy, ...missingHeaders(source).map(({ name }) => `set "${name}" in extra_headers`)].join("; ");
}

interface OwnHeader {
  readonly name: string;
  readonly meaning: string;
}

/** The headers of the provider that only the user can set, and that the entry does not set. */
export function missingHeaders({ entry, row }: Pick<ResolvedEntry, "entry" | "row">): readonly OwnHeader[] {
  const set = Object.keys(entry.extraHeaders ?? {}).map((name) => name.toLowerCase());
  return Object.entries(row?.ownHeaders ?? {})
    .filter(([name]) => !set.includes(name))
    .map(([name, meaning]) => ({ name, meaning }));
}

function keyRemedy(source: ResolvedEntry, context: ResolveContext): string {
  const { entry } = source;
  const names = [...new Set(namesOf(source, context))];
  if (names.length > 0 && entry.authHeader !== "none") return `check ${names.join(", ")}`;
  const header = Object.keys(entry.extraHeaders ?? {}).find(isSecretName);
  if (header !== undefined) return `check "${header}" in ${placeOf(entry, "extra_headers", context)}`;
  if (entry.authHeader === "none") return 'no key was sent, because auth_header is "none"';
  return `no key was sent; set api_key in [models.${entry.entry}]`;
}

function namesOf({ entry, declared, row }: ResolvedEntry, context: ResolveContext): readonly string[] {
  if (declared.apiKey !== undefined)
    return declared.apiKey.map((key) => referenceIn(key) ?? placeOf(entry, "api_key", context));
  // Without `api_key`, the first of the provider's usual variables that is set.
  const usual = row?.keyEnv.find((name) => (context.env[name] ?? "").trim() !== "");
  return usual === undefined ? [] : [usual];
}

/** The variable or file of a reference; undefined for a literal. */
function referenceIn(key: string): string | undefined {
  const variable = /^env:([A-Z_][A-Z0-9_]*)(?::-|$)/.exec(key)?.[1];
  if (variable !== undefined) return variable;
  const file = /^file:(?!:)(.+)$/.exec(key)?.[1];
  return file === undefined ? undefined : `the file ${file}`;
}

/** `api_key of [models.coder]`, or the variable that sets it. */
function placeOf({ entry }: EntryConfig, key: string, { config }: ResolveContext): string {
  const { layer, from = `models.${entry}` } = config.origin(entry, key) ?? {};
  return layer === "environment" ? from : `${key} of [${from}]`;
}
