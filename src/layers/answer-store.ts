import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import type { Cost } from "../core/cost.ts";
import type { FlowEvent } from "../core/event.ts";
import { vectorIn, vectorText } from "../core/vector-bytes.ts";
import type { CacheCounts } from "./cache-counts.ts";
import type { Log } from "./recording.ts";
import type { TolerantStore } from "./tolerant-store.ts";

/** A complete answer, as the store keeps it. */
export interface StoredAnswer {
  readonly events: Log;
  /** What the answer cost when it was requested; absent if unknown. */
  readonly cost?: Cost | undefined;
  /** The provider's body, only for output without a place in the events. */
  readonly raw?: unknown;
}

/** Larger answers are not stored: they would evict many others. */
export const MAX_ANSWER_BYTES = 8 * 1_048_576;

/** Other values of the same store have other prefixes. */
export const ANSWER_PREFIX = "answer:";
/** Changes when stored answers of earlier versions can no longer be read. */
const FORMAT = 1;

/** Answers in a store. */
export class AnswerStore {
  readonly #store: TolerantStore;
  readonly #maxBytes: number;
  readonly #counts: CacheCounts;

  constructor(store: TolerantStore, maxBytes: number, counts: CacheCounts) {
    this.#store = store;
    this.#maxBytes = Math.min(maxBytes, MAX_ANSWER_BYTES);
    this.#counts = counts;
  }

  /** Rejects only if the call is cancelled. */
  async get(key: string, cancellation: Cancellation): Promise<StoredAnswer | undefined> {
    const value = await this.#store.get(ANSWER_PREFIX + key, cancellation);
    const events = isStoredAnswer(value) ? value.events.map(readEvent) : [undefined];
    // A damaged vector is a miss.
    return events.includes(undefined) ? undefined : { ...(value as StoredAnswer), events: events as Log };
  }

  /** Waits until the answer is stored; if the call is cancelled, it is stored in the background. */
  async set(key: string, answer: StoredAnswer, ttlMs: number, cancellation: Cancellation): Promise<void> {
    const events = answer.events.map(storedEvent);
    const stored = this.#write(ANSWER_PREFIX + key, { format: FORMAT, ...answer, events }, ttlMs);
    await unlessCancelled(stored, cancellation).catch(() => {});
  }

  async #write(key: string, value: object, ttlMs: number): Promise<void> {
    if (Buffer.byteLength(JSON.stringify(value)) > this.#maxBytes) this.#counts.tooLarge += 1;
    else if (await this.#store.set(key, value, ttlMs)) this.#counts.stored += 1;
  }
}

/** Stores keep JSON, so that vectors are texts there. */
type StoredEvent = FlowEvent | { readonly type: "stored-embeddings"; readonly vectors: readonly string[] };

function storedEvent(event: FlowEvent): StoredEvent {
  if (event.type !== "embeddings") return event;
  return { type: "stored-embeddings", vectors: event.vectors.map(vectorText) };
}

function readEvent(event: StoredEvent): FlowEvent | undefined {
  if (event.type !== "stored-embeddings") return event;
  const texts: unknown = event.vectors;
  const vectors = Array.isArray(texts) ? texts.map((text) => vectorIn(String(text))) : [undefined];
  return vectors.includes(undefined) ? undefined : { type: "embeddings", vectors: vectors as Float32Array[] };
}

/** Whether a value was written by this version; anything else is a miss. */
function isStoredAnswer(value: unknown): value is Omit<StoredAnswer, "events"> & { events: readonly StoredEvent[] } {
  if (typeof value !== "object" || value === null) return false;
  const { format, events } = value as { readonly format?: unknown; readonly events?: unknown };
  return format === FORMAT && Array.isArray(events) && events.length > 0 && events.every(isEvent);
}

function isEvent(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { readonly type?: unknown }).type === "string";
}
