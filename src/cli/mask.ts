import type { EntryConfig } from "../config/load.ts";
import { isSecretName } from "../core/secret-name.ts";
import { leavesOf } from "./leaves.ts";

/** A value from the environment, under the name it is shown by. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/** Keys whose references hold credentials, or what somebody did not want to write into the file. */
const SECRET_KEYS = ["apiKey", "extraHeaders", "extraBody"];
const REFERENCE = /^env:([A-Z_][A-Z0-9_]*)/;
const SHORTEST_SECRET = 4;

/** The credentials of an entry: what it refers to, and the `usual` variables of its provider. */
export function namedSecrets(entry: EntryConfig, usual: readonly string[], env: Environment): NamedSecret[] {
  const referred = leavesOf(entry).flatMap(([key, text]) => {
    if (!SECRET_KEYS.includes(key)) return [];
    const variable = REFERENCE.exec(text)?.[1];
    if (variable !== undefined) return [named(variable, env)];
    return key === "apiKey" ? [{ name: MASK, value: text }] : [];
  });
  return [...referred, ...usual.map((variable) => named(variable, env))];
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

/** Headers with every credential masked; the scheme before it stays. */
export function maskHeaders(
  headers: Readonly<Record<string, string>>,
  secrets: readonly NamedSecret[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = maskText(value, secrets);
      if (text !== value || !isSecretName(name)) return [name, text];
      return [name, `${/^(?:Bearer|Basic) /i.exec(value)?.[0] ?? ""}${MASK}`];
    }),
  );
}
