import { digest } from "./hash.ts";

/** Signatures that prove that a part of an answer is from the simulator, like a provider's. They stay valid across processes. */
export function sign(kind: string, content: unknown): string {
  const proof = digest("simulated signature", kind, content);
  return Buffer.from(`simulated:${kind}:${proof}`).toString("base64");
}

export function isSigned(kind: string, content: unknown, signature: unknown): boolean {
  return signature === sign(kind, content);
}

/** An opaque string that becomes invalid if any character changes. */
export function seal(kind: string, text: string): string {
  return Buffer.from(JSON.stringify([text, sign(kind, text)])).toString("base64");
}

export function isSealed(kind: string, sealed: string): boolean {
  try {
    const [text, signature] = JSON.parse(Buffer.from(sealed, "base64").toString()) as [unknown, unknown];
    return isSigned(kind, text, signature) && seal(kind, String(text)) === sealed;
  } catch {
    return false;
  }
}
