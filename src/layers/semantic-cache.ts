import type { Call } from "../core/call.ts";
import type { Cancellation } from "../core/cancellation.ts";
import type { Message } from "../core/message.ts";
import { vectorIn, vectorText } from "../core/vector-bytes.ts";
import type { AnswerStore, StoredAnswer } from "./answer-store.ts";
import { partitionKey } from "./cache-key.ts";
import { type EmbeddingServices, Embeddings } from "./embeddings.ts";
import type { TolerantStore } from "./tolerant-store.ts";
import { similarityOf, type Vector } from "./vectors.ts";

export interface SemanticSettings {
  /** Names the model of the embedding function. */
  readonly model: string;
  /** Cosine similarity from which an answer is used, 0 to 1. */
  readonly threshold: number;
  /** Longest time to wait for a vector. */
  readonly timeoutMs: number;
}

interface SemanticStores {
  readonly store: TolerantStore;
  readonly answers: AnswerStore;
  /** Of all values of the store. */
  readonly maxBytes: number;
}

/** A question that may be similar to another one. */
export interface Question {
  readonly text: string;
  /** Only questions of the same partition are compared. */
  readonly partition: string;
}

/** What was found: an answer to a similar question, or only the vector, to remember the new answer. */
export type Found =
  | { readonly answer: StoredAnswer; readonly similarity: number }
  | { readonly answer?: undefined; readonly vector: Vector };

/** Longer texts differ in details that a vector does not show. */
const MAX_CHARACTERS = 8_000;
/** Vectors of one partition; the oldest are forgotten first. */
const MAX_VECTORS = 256;
/** A partition is read and written as one value. */
const MAX_PARTITION_BYTES = 1_048_576;
/** Stored answers that are tried: some may have expired. */
const MAX_TRIED = 4;

/** Changes when stored vectors of earlier versions can no longer be read. */
const FORMAT = 1;

interface Known {
  /** The key of the answer. */
  readonly key: string;
  /** Base64. */
  readonly vector: string;
}

export const VECTOR_PREFIX = "vectors:";

/** Finds answers to similar questions. The vectors of a partition are one value of the store of the answers. */
export class SemanticCache {
  readonly #settings: SemanticSettings;
  readonly #stores: SemanticStores;
  readonly #embeddings: Embeddings;
  readonly #maxBytes: number;
  /** Writes of a partition follow each other, so that none of this process is lost. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(
    settings: SemanticSettings,
    stores: SemanticStores,
    services: Omit<EmbeddingServices, "model" | "timeoutMs">,
  ) {
    this.#settings = settings;
    this.#stores = stores;
    this.#embeddings = new Embeddings({ ...services, model: settings.model, timeoutMs: settings.timeoutMs });
    this.#maxBytes = Math.min(MAX_PARTITION_BYTES, stores.maxBytes / 4);
  }

  /** Only calls that end with text of the user can be similar. */
  questionOf(call: Call, namespace: string): Question | undefined {
    const text = plainText(call.input.messages.at(-1));
    if (text === undefined || text.trim() === "" || text.length > MAX_CHARACTERS) return undefined;
    return { text, partition: partitionKey(call, namespace, this.#settings.model) };
  }

  /** Rejects only if the call is cancelled. */
  async find({ text, partition }: Question, cancellation: Cancellation): Promise<Found | undefined> {
    const vector = await this.#embeddings.vectorOf(text, cancellation);
    if (vector === undefined) return undefined;
    const known = await this.#read(partition, cancellation);
    for (const { key, similarity } of this.#similar(known, vector)) {
      const answer = await this.#stores.answers.get(key, cancellation);
      if (answer !== undefined) return { answer, similarity };
    }
    return { vector };
  }

  /** Remembers that the answer with this key is one to the question. Never rejects. */
  async add(
    { partition }: Question,
    vector: Vector,
    key: string,
    ttlMs: number,
    cancellation: Cancellation,
  ): Promise<void> {
    const before = this.#writing.get(partition) ?? Promise.resolve();
    const writing = before.then(async () => {
      const known = await this.#read(partition, cancellation);
      const vectors = this.#newest([...known.filter((one) => one.key !== key), { key, vector: vectorText(vector) }]);
      if (vectors.length > 0)
        await this.#stores.store.set(VECTOR_PREFIX + partition, { format: FORMAT, vectors }, ttlMs);
    });
    const settled = writing.catch(() => {});
    this.#writing.set(partition, settled);
    await settled;
    if (this.#writing.get(partition) === settled) this.#writing.delete(partition);
  }

  /** The most similar ones first. */
  #similar(known: readonly Known[], vector: Vector): readonly { readonly key: string; readonly similarity: number }[] {
    return known
      .flatMap(({ key, vector: text }) => {
        const other = vectorIn(text);
        const similarity = other && similarityOf(vector, other);
        return similarity !== undefined && similarity >= this.#settings.threshold ? [{ key, similarity }] : [];
      })
      .sort((left, right) => right.similarity - left.similarity)
      .slice(0, MAX_TRIED);
  }

  #newest(known: readonly Known[]): readonly Known[] {
    let bytes = 0;
    const kept = known
      .slice(-MAX_VECTORS)
      .toReversed()
      .filter(({ key, vector }) => {
        bytes += key.length + vector.length;
        return bytes <= this.#maxBytes;
      });
    return kept.toReversed();
  }

  async #read(partition: string, cancellation: Cancellation): Promise<readonly Known[]> {
    const value = await this.#stores.store.get(VECTOR_PREFIX + partition, cancellation);
    return isPartition(value) ? value.vectors.filter(isKnown) : [];
  }
}

/** The text of a message of the user that has nothing else. */
function plainText(message: Message | undefined): string | undefined {
  if (message?.role !== "user") return undefined;
  const { content } = message;
  if (typeof content === "string") return content;
  const texts = content.flatMap((part) => (part.type === "text" && part.signature === undefined ? [part.text] : []));
  return texts.length === content.length ? texts.join("\n") : undefined;
}

function isPartition(value: unknown): value is { readonly vectors: readonly unknown[] } {
  if (typeof value !== "object" || value === null) return false;
  const { format, vectors } = value as { readonly format?: unknown; readonly vectors?: unknown };
  return format === FORMAT && Array.isArray(vectors);
}

function isKnown(value: unknown): value is Known {
  if (typeof value !== "object" || value === null) return false;
  const { key, vector } = value as Partial<Record<keyof Known, unknown>>;
  return typeof key === "string" && typeof vector === "string";
}
