import type { Call } from "./call.ts";
import { sha256 } from "./node-crypto.ts";

/** The user of a call, as it is sent to the provider. */
export function userOf({ input, target }: Pick<Call, "input" | "target">): string | undefined {
  return input.settings.user ?? target.settings.user;
}

/** A fingerprint of the API key of an attempt; `undefined` without a key, or with the token of a hook. */
export function keyFingerprint({ credential, target }: Pick<Call, "credential" | "target">): string | undefined {
  const key = target.credentials.token === undefined ? credential : undefined;
  return key === undefined ? undefined : sha256(key.reveal()).slice(0, 12);
}
