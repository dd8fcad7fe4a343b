import type { EntryConfig } from "../config/load.ts";
import { maskedAddress } from "../core/masked-address.ts";
import { maskedHeader } from "../core/masked-header.ts";
import { valueSecrets } from "../core/value-secrets.ts";
import { leavesOf } from "./leaves.ts";

/** A secret value and the name shown in its place. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/** Keys that may contain credentials. */
const SECRET_KEYS = ["apiKey", "extraHeaders", "extraBody"];
const REFERENCE = /^env:([A-Z_][A-Z0-9_]*)(?::-(.*))?$/s;
const SHORTEST_SECRET = 4;

/** The credentials of an entry: references, literals and the `usual` variables of its provider. */
export function namedSecrets(entry: EntryConfig, usual: readonly string[], env: Environment): NamedSecret[] {
  const referred = leavesOf(entry).flatMap(([key, text]) => {
    if (!SECRET_KEYS.includes(key)) return [];
    const variable = REFERENCE.exec(text)?.[1];
    if (variable !== undefined) return [named(variable, env)];
    return key === "apiKey" ? [{ name: MASK, value: text }] : [];
  });
  const literals = valueSecrets(entry.extraBody).map((text) => text.replace(REFERENCE, "$2"));
  return [
    ...referred,
    ...usual.map((variable) => named(variable, env)),
    ...literals.map((value) => ({ name: MASK, value })),
  ];
}

type Environment = Readonly<Record<string, string | undefined>>;

function named(variable: string, env: Environment): NamedSecret {
  return { name: `[${variable}]`, value: env[variable] ?? "" };
}

const MASK = "[secret]";

export function maskText(text: string, secrets: readonly NamedSecret[]): string {
  return secrets
    .filter(({ value }) => value.length >= SHORTEST_SECRET)
    .reduce((masked, { name, value }) => masked.split(value).join(name), text);
}

/** Masks every credential in a JSON body. */
export function maskValue(value: unknown, secrets: readonly NamedSecret[]): unknown {
  if (typeof value === "string") return maskText(value.includes("://") ? maskedAddress(value) : value, secrets);
  if (typeof value === "number") return secrets.find((secret) => secret.value === String(value))?.name ?? value;
  if (Array.isArray(value)) return value.map((inner) => maskValue(inner, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskValue(inner, secrets)]));
}

/** Masks every credential in headers; an authentication scheme stays visible. */
export function maskHeaders(
  headers: Readonly<Record<string, string>>,
  secrets: readonly NamedSecret[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = maskText(value, secrets);
      return [name, text === value ? maskedHeader(name, value, MASK) : text];
    }),
  );
}
