import { addressSecrets } from "./masked-address.ts";
import { isSecretName } from "./secret-name.ts";

/** Credentials in a value for a request body: every value with a secret name, and the credentials in URLs. */
export function valueSecrets(value: unknown, isSecret = false): string[] {
  if (typeof value === "number") return isSecret ? [String(value)] : [];
  if (typeof value === "string") return isSecret ? [value, ...addressSecrets(value)] : addressSecrets(value);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => valueSecrets(inner, isSecret || isSecretName(name)));
}
