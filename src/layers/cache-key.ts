import type { Call, CallInput } from "../core/call.ts";
import { userOf } from "../core/caller.ts";
import { sha256 } from "../core/node-crypto.ts";
import { DELIVERY_NAMES } from "../core/options.generated.ts";
import type { Target } from "../core/target.ts";

/** The canonical request and everything about the primary that affects its answer, hashed. */
export function cacheKey(call: Call, namespace: string): string {
  return keyIn(namespace, { asked: askedBy(call), target: fingerprint(call.target) });
}

/**
 * What two calls must have in common so that one may get the answer to a similar question of the other: everything but the
 * text of the last message, and who asks.
 */
export function partitionKey(call: Call, namespace: string, embedder: string): string {
  const { input, target } = call;
  const asked = { ...askedBy(call), messages: input.messages.slice(0, -1) };
  const asker = { user: userOf(call), scopes: input.scopes, gatewayKey: input.gatewayKey };
  return keyIn(namespace, { asked, asker, embedder, target: fingerprint(target) });
}

const NAMESPACE_DIGITS = 16;

/** The start of the keys of a namespace, so that a store can clear it. */
export function namespacePart(namespace: string): string {
  return sha256(namespace).slice(0, NAMESPACE_DIGITS);
}

function keyIn(namespace: string, value: unknown): string {
  return namespacePart(namespace) + sha256(canonical(value)).slice(NAMESPACE_DIGITS);
}

function askedBy({ input }: Call): Record<string, unknown> {
  const asked: Record<string, unknown> = { ...input };
  for (const name of [...OF_THE_CALL, ...DELIVERY_NAMES]) if (asked[name] !== undefined) asked[name] = undefined;
  return asked;
}

/** Fields that do not affect the answer. */
const OF_THE_CALL = [
  "tags",
  "priority",
  "shouldRetry",
  "scopes",
  "gatewayKey",
  "followsUp",
  "cache",
  "cacheTtlMs",
  "cacheNamespace",
] as const satisfies (keyof CallInput)[];

const COMPARED = [
  "provider",
  "modelId",
  "mock",
  "dialect",
  "address",
  "headers",
  "settings",
  "system",
  "prelude",
  "extraBody",
  "adaptation",
  "quirks",
  "facts",
] as const satisfies readonly (keyof Target)[];

function fingerprint(target: Target): unknown {
  const compared = COMPARED.map((field) => [field, target[field]]);
  const { stripTokens, continueOnLength } = target.policy;
  return { ...Object.fromEntries(compared), stripTokens, continueOnLength };
}

/** JSON with sorted keys: equal values give the same text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
