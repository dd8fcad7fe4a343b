import type { EntryConfig } from "./config/load.ts";

const SECRET_NAME =
  /key|token$|secret|(^|[-_])pass(word|wd|phrase)?$|password|authorization|(^|[-_])auth$|cookie|credential|signature/i;
const MASK = "[secret]";

/** An entry for display: frozen, references as they are written, everything that may be a secret masked. */
export function maskedConfig(entry: EntryConfig): Readonly<Record<string, unknown>> {
  return mask(entry) as Readonly<Record<string, unknown>>;
}

function mask(value: unknown, name = ""): unknown {
  if (typeof value === "string")
    return SECRET_NAME.test(name) && !value.startsWith("env:") ? MASK : withoutPassword(value);
  if (Array.isArray(value)) return Object.freeze(value.map((inner) => mask(inner, name)));
  if (typeof value !== "object" || value === null) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner, key)])));
}

/** User and password of an address (a proxy's, for example). */
export function withoutPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9]*:\/\/)[^/@\s]*@/i, `$1${MASK}@`);
}
