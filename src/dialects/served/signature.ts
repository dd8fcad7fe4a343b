import { digest } from "./hash.ts";

/** Opaque proofs that a piece of an answer came from here, as providers attach to reasoning. They outlive the process. */
export function sign(kind: string, content: unknown): string {
  const proof = digest("simulated signature", kind, content);
  return Buffer.from(`simulated:${kind}:${proof}`).toString("base64");
}

export function isSigned(kind: string, content: unknown, signature: unknown): boolean {
  return signature === sign(kind, content);
}

/** A sealed text: opaque, and unreadable once a character was changed. */
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
