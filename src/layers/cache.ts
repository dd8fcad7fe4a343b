import type { Call, CallInput } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { sha256 } from "../core/node-crypto.ts";
import { DELIVERY_NAMES } from "../core/options.generated.ts";
import type { ValueStore } from "../core/store.ts";
import type { Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { AnswerStore, clearAnswers, MAX_ANSWER_BYTES, type StoredAnswer } from "./answer-store.ts";
import { CacheCounts } from "./cache-counts.ts";
import { Recording } from "./recording.ts";
import { answerOf, replayed } from "./replay.ts";
import { type Keep, SharedRequests } from "./shared-request.ts";

export interface CacheSettings {
  readonly ttlMs: number;
  readonly namespace: string;
  /** The largest answer that is stored. Default and maximum: 8 MiB. */
  readonly maxAnswerBytes?: number;
}

interface CacheServices {
  readonly logger: Logger;
  readonly counts: CacheCounts;
}

/**
 * Replays complete answers of the primary target for equal requests. Equal concurrent calls share one request. Only answers
 * with finish reason "stop" or "tool-calls" are stored, never those of a fallback.
 */
export function cache(store: ValueStore, settings: CacheSettings, services: Partial<CacheServices> = {}): Layer {
  const { logger = silentLogger, counts = new CacheCounts() } = services;
  const answers = new AnswerStore(store, settings.maxAnswerBytes ?? MAX_ANSWER_BYTES, logger, counts);
  const shared = new SharedRequests(counts);
  return async function* (call, next) {
    const { cache: mode = "use", cacheTtlMs = settings.ttlMs, cacheNamespace = settings.namespace, raw } = call.input;
    if (mode === "bypass" || raw) {
      yield* next(call);
      return;
    }
    const key = cacheKey(call, cacheNamespace);
    const stored = mode === "refresh" ? undefined : await answers.get(key, call.cancellation);
    if (stored !== undefined) {
      counts.looked(call, "hit");
      yield replayed(call, stored, counts);
      return;
    }
    if (mode === "only") {
      counts.looked(call, "miss");
      throw missing(call);
    }
    const keep = async (answer: StoredAnswer) => {
      const storable = isStorable(answer.events, call.target.entry);
      if (storable) await answers.set(key, answer, cacheTtlMs, call.cancellation);
      return storable;
    };
    if (mode === "use" && !call.streaming) {
      yield* shared.events(key, call, next, keep);
      return;
    }
    if (mode === "use") counts.looked(call, "miss");
    else call.record.observers.cacheLooked?.(call, "miss");
    yield* recorded(call, next, keep, counts);
  };
}

/** Removes the stored answers of a namespace, or all. */
export function clearCache(store: ValueStore, namespace: string | undefined): Promise<void> {
  return clearAnswers(store, namespace === undefined ? "" : namespacePart(namespace));
}

async function* recorded(call: Call, next: Next, keep: Keep, counts: CacheCounts): Events {
  const recording = new Recording(MAX_ANSWER_BYTES);
  for await (const batch of next(call)) {
    recording.add(batch);
    yield batch;
  }
  if (!recording.isTooLarge) await keep(answerOf(recording.log, call.record));
  else if (isStorable(recording.log, call.target.entry)) counts.tooLarge += 1;
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
  const asked: Record<string, unknown> = { ...input };
  for (const name of [...OF_THE_CALL, ...DELIVERY_NAMES]) if (asked[name] !== undefined) asked[name] = undefined;
  return namespacePart(namespace) + sha256(canonical({ asked, target: fingerprint(target) })).slice(NAMESPACE_DIGITS);
}

/** Fields that do not affect the answer. */
const OF_THE_CALL = [
  "tags",
  "priority",
  "scopes",
  "cache",
  "cacheTtlMs",
  "cacheNamespace",
] as const satisfies (keyof CallInput)[];

const NAMESPACE_DIGITS = 16;

/** The start of the keys of a namespace, so that a store can clear it. */
function namespacePart(namespace: string): string {
  return sha256(namespace).slice(0, NAMESPACE_DIGITS);
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
