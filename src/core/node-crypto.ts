/** Loaded by its first use, because that takes a twentieth of the time of importing this package. */
export const nodeCrypto = () => process.getBuiltinModule("node:crypto");

export function sha256(text: string, encoding: "hex" | "base64" = "hex"): string {
  return nodeCrypto().createHash("sha256").update(text).digest(encoding);
}
