import type { Call } from "./call.ts";
import { sha256 } from "./node-crypto.ts";
import type { Secret } from "./secret.ts";

/** The user of a call, as it is sent to the provider. */
export function userOf({ input, target }: Pick<Call, "input" | "target">): string | undefined {
  return input.settings.user ?? target.settings.user;
}

/** A fingerprint of the API key of an attempt; `undefined` without a key, or with the token of a hook. */
export function keyFingerprint({ credential, target }: Pick<Call, "credential" | "target">): string | undefined {
  const key = target.credentials.token === undefined ? credential : undefined;
  return key === undefined ? undefined : fingerprintOf(key);
}

/** The key that a call is counted under: the gateway's own, which its caller has, or that of the provider. */
export function keyNameOf(call: Pick<Call, "input" | "credential" | "target">): string | undefined {
  return call.input.gatewayKey ?? keyFingerprint(call);
}

const FINGERPRINTS = new WeakMap<Secret, string>();

/** Computed once for each key, because a hash costs more than the rest of a ledger row. */
function fingerprintOf(key: Secret): string {
  let fingerprint = FINGERPRINTS.get(key);
  if (fingerprint === undefined) {
    fingerprint = sha256(key.reveal()).slice(0, 12);
    FINGERPRINTS.set(key, fingerprint);
  }
  return fingerprint;
}
