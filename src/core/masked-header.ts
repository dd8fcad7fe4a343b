import { maskedAddress } from "./masked-address.ts";
import { isSecretName } from "./secret-name.ts";

/** The value of a header for display; a credential is reduced to its scheme. */
export function maskedHeader(name: string, value: string, mask: string): string {
  if (!isSecretName(name)) return maskedAddress(value, mask);
  return `${/^(?:Bearer|Basic) /i.exec(value)?.[0] ?? ""}${mask}`;
}
