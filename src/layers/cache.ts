import type { Call } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { sha256 } from "../core/node-crypto.ts";
import { DELIVERY_NAMES } from "../core/options.generated.ts";
import type { ValueStore } from "../core/store.ts";
import type { Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { type Log, Recording } from "./recording.ts";
import { SharedRequests } from "./shared-request.ts";

export interface CacheSettings {
  readonly ttlMs: number;
  readonly namespace: string;
}

/**
 * Replays complete answers of the primary target for equal requests. Equal concurrent calls share one request. Only answers
 * with finish reason "stop" or "tool-calls" are stored, never those of a fallback.
 */
export function cache(store: ValueStore, settings: CacheSettings): Layer {
  const shared = new SharedRequests();
  return async function* (call, next) {
    const mode = call.input.cache ?? "use";
    if (mode === "bypass" || call.input.raw) {
      yield* next(call);
      return;
    }
    const key = cacheKey(call, settings.namespace);
    const stored = mode === "refresh" ? undefined : ((await store.get(key)) as Log | undefined);
    if (stored !== undefined) {
      call.record.cacheHit = true;
      call.record.observers.cacheLooked?.(call, "hit");
      yield stored;
      return;
    }
    if (mode === "only") throw missing(call);
    const keep = async (log: Log) => {
      const storable = isStorable(log, call.target.entry);
      if (storable) await store.set(key, log, settings.ttlMs);
      return storable;
    };
    if (mode === "use" && !call.streaming) {
      yield* shared.events(key, call, next, keep);
      return;
    }
    call.record.observers.cacheLooked?.(call, "miss");
    yield* recorded(next(call), keep);
  };
}

async function* recorded(events: Events, keep: (log: Log) => Promise<unknown>): Events {
  const recording = new Recording();
  for await (const batch of events) {
    recording.add(batch);
    yield batch;
  }
  await keep(recording.log);
}

function missing({ target }: Call): ModelError {
  return entryError(target, "not_found", 'no stored answer for this request (cache: "only")');
}

function isStorable(events: readonly FlowEvent[], primary: string): boolean {
  const finishes = events.filter((event) => event.type === "finish");
  if (events.some((event) => event.type === "adjustment" && event.adjustment.setting === "on_break")) return false;
  const ended =
    finishes.length > 0 && finishes.every((event) => event.reason === "stop" || event.reason === "tool-calls");
  return ended && events.every((event) => event.type !== "start" || event.model === primary);
}

/** The canonical request and everything about the primary that affects its answer, hashed. */
export function cacheKey(call: Call, namespace: string): string {
  const { input, target } = call;
  const { tags: _tags, scopes: _scopes, cache: _cache, ...more } = input;
  const asked: Record<string, unknown> = more;
  for (const name of DELIVERY_NAMES) if (asked[name] !== undefined) asked[name] = undefined;
  return sha256(canonical({ namespace, asked, target: fingerprint(target) }));
}

const COMPARED = [
  "provider",
  "modelId",
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
