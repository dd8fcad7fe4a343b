import { maskedAddress } from "../core/masked-address.ts";
import { isSecretName } from "../core/secret-name.ts";
import type { EntryConfig } from "./load.ts";

const MASK = "[secret]";
const REFERENCE = /^(env:[A-Z_][A-Z0-9_]*)(:-)?/;

/** An entry for display: frozen, with unresolved references and masked secrets. */
export function maskedConfig(entry: EntryConfig): Readonly<Record<string, unknown>> {
  return maskedValue(entry, "") as Readonly<Record<string, unknown>>;
}

/** A value of an entry for display; `name` decides whether it may be a secret. */
export function maskedValue(value: unknown, name: string): unknown {
  if (typeof value === "string") return isSecretName(name) ? withoutSecret(value) : withoutPassword(value);
  if (Array.isArray(value)) return Object.freeze(value.map((inner) => maskedValue(inner, name)));
  if (typeof value === "number" && isSecretName(name)) return MASK;
  if (typeof value !== "object" || value === null) return value;
  return Object.freeze(
    Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, maskedValue(inner, isSecretName(name) ? name : key)]),
    ),
  );
}

/** The name of a variable is not a secret; a default after it is. */
function withoutSecret(text: string): string {
  const [, name, hasDefault] = REFERENCE.exec(text) ?? [];
  if (name === undefined) return MASK;
  return hasDefault === undefined ? name : `${name}:-${MASK}`;
}

/** Masks the user, password and query keys of a server or proxy address. */
export function withoutPassword(text: string): string {
  return text.includes("://") ? maskedAddress(text) : text;
}
