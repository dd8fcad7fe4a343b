import type { Call } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Embedder } from "../core/embedder.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import type { ValueStore } from "../core/store.ts";
import { entryError } from "../core/target-error.ts";
import { ANSWER_PREFIX, AnswerStore, MAX_ANSWER_BYTES, type StoredAnswer } from "./answer-store.ts";
import { CacheCounts } from "./cache-counts.ts";
import { cacheKey, namespacePart } from "./cache-key.ts";
import { Recording } from "./recording.ts";
import { answerOf, replayed } from "./replay.ts";
import { SemanticCache, type SemanticSettings, VECTOR_PREFIX } from "./semantic-cache.ts";
import { type Keep, SharedRequests } from "./shared-request.ts";
import { TolerantStore } from "./tolerant-store.ts";

export interface CacheSettings {
  readonly ttlMs: number;
  readonly namespace: string;
  /** The largest answer that is stored. Default and maximum: 8 MiB. */
  readonly maxAnswerBytes?: number;
  /** Absent: only equal calls get a stored answer. */
  readonly semantic?: SemanticSettings | undefined;
}

interface CacheServices {
  readonly logger: Logger;
  readonly counts: CacheCounts;
  readonly clock: Clock;
  /** Needed by the semantic cache. */
  readonly embed: Embedder;
}

/**
 * Replays complete answers of the primary target for equal requests. Equal concurrent calls share one request. Only answers
 * with finish reason "stop" or "tool-calls" are stored, never those of a fallback or with a malformed tool call.
 */
export function cache(store: ValueStore, settings: CacheSettings, services: Partial<CacheServices> = {}): Layer {
  const { logger = silentLogger, counts = new CacheCounts() } = services;
  const { maxAnswerBytes = MAX_ANSWER_BYTES } = settings;
  const tolerant = new TolerantStore(store, logger);
  const answers = new AnswerStore(tolerant, maxAnswerBytes, counts);
  const semantic = semanticOf(
    settings,
    { store: tolerant, answers, maxBytes: maxAnswerBytes },
    { ...services, logger, counts },
  );
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
      yield replayed(call, stored, counts, { outcome: "hit" });
      return;
    }
    const question = mode === "refresh" ? undefined : semantic?.questionOf(call, cacheNamespace);
    const found = question && (await semantic?.find(question, call.cancellation));
    if (found?.answer !== undefined) {
      yield replayed(call, found.answer, counts, { outcome: "semantic", similarity: found.similarity });
      return;
    }
    if (mode === "only") {
      counts.looked(call, "miss");
      throw missing(call);
    }
    const keep = async (answer: StoredAnswer) => {
      const storable = isStorable(answer.events, call.target.entry);
      if (!storable) return false;
      await answers.set(key, answer, cacheTtlMs, call.cancellation);
      if (question && found) await semantic?.add(question, found.vector, key, cacheTtlMs, call.cancellation);
      return true;
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
export async function clearCache(store: ValueStore, namespace: string | undefined): Promise<void> {
  const start = namespace === undefined ? "" : namespacePart(namespace);
  for (const prefix of [ANSWER_PREFIX, VECTOR_PREFIX]) await store.clear(prefix + start);
}

function semanticOf(
  { semantic }: CacheSettings,
  stores: ConstructorParameters<typeof SemanticCache>[1],
  { embed, clock = systemClock, logger, counts }: Partial<CacheServices> & Pick<CacheServices, "logger" | "counts">,
): SemanticCache | undefined {
  if (semantic === undefined || embed === undefined) return undefined;
  return new SemanticCache(semantic, stores, { embed, clock, logger, counts });
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
  if (events.some((event) => event.type === "tool-call-end" && event.call.problem !== undefined)) return false;
  const ended =
    finishes.length > 0 && finishes.every((event) => event.reason === "stop" || event.reason === "tool-calls");
  return ended && events.every((event) => event.type !== "start" || event.model === primary);
}
