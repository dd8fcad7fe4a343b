/** Loaded on first use, because loading takes 5 % of the import time of this package. */
export const nodeCrypto = () => process.getBuiltinModule("node:crypto");

export function sha256(text: string, encoding: "hex" | "base64" = "hex"): string {
  return nodeCrypto().createHash("sha256").update(text).digest(encoding);
}
