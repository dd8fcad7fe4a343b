import type { Call } from "../core/call.ts";
import type { Cost } from "../core/cost.ts";
import type { CacheOutcome } from "../core/notices.ts";
import { SavedCosts } from "./saved-costs.ts";

/** What a factory's cache has done, across reloads. */
export interface CacheStats {
  /** Calls answered with a stored answer. */
  readonly hits: number;
  /** Calls answered with the stored answer to a similar question; not part of `hits`. */
  readonly semantic: number;
  /** Texts given to the embedding function of the semantic cache. */
  readonly embedded: number;
  /** Calls that found no stored answer. */
  readonly misses: number;
  /** Answers written to the cache. */
  readonly stored: number;
  /** Calls answered by the request of an equal concurrent call. */
  readonly joined: number;
  /** Answers removed to make room. */
  readonly evicted: number;
  /** Complete answers that were not stored, because they were larger than 8 MiB or than `max_bytes`. */
  readonly tooLarge: number;
  /** Answers in the cache now; in a shared store, when this process last used it. */
  readonly entries: number;
  /** Their size as JSON. */
  readonly bytes: number;
  /** What the answers of `hits`, `semantic` and `joined` cost when they were requested; null if the price of one is unknown. */
  readonly savedUsd: number | null;
}

/** Counts of a cache, written by its layer and its store. */
export class CacheCounts {
  hits = 0;
  semantic = 0;
  embedded = 0;
  misses = 0;
  stored = 0;
  joined = 0;
  evicted = 0;
  tooLarge = 0;
  readonly #saved = new SavedCosts();

  /** Counts where the answer of a call comes from, and tells its observers. */
  looked(call: Call, outcome: CacheOutcome): void {
    this[COUNT_OF[outcome]] += 1;
    call.record.observers.cacheLooked?.(call, outcome);
  }

  saved(cost: Cost): void {
    this.#saved.add(cost);
  }

  read(size: { readonly entries: number; readonly bytes: number }): CacheStats {
    const { hits, semantic, embedded, misses, stored, joined, evicted, tooLarge } = this;
    return { hits, semantic, embedded, misses, stored, joined, evicted, tooLarge, ...size, savedUsd: this.#saved.usd };
  }
}

const COUNT_OF = { hit: "hits", miss: "misses", joined: "joined", semantic: "semantic" } as const;
