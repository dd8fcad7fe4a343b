import type { CacheMode } from "../core/call.ts";
import type { Message } from "../core/message.ts";
import type { EntryOptionsPerCall } from "../core/options.generated.ts";
import type { ShouldRetry } from "../core/should-retry.ts";
import type { CacheOptions } from "./cache-option.ts";

/** Options of one call; they take precedence over the entry's. Names are the keys of models.toml in camelCase. */
export interface CallOptions extends EntryOptionsPerCall {
  /** Messages before the input; they replace the entry's. */
  readonly messages?: readonly Message[] | undefined;
  /** Number of answers to request, 1 to 128. Default 1. */
  readonly samples?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A mode, or an object with a mode, a time to live and a namespace. `false` is "bypass", `true` is "use". */
  readonly cache?: CacheMode | CacheOptions | boolean | undefined;
  /** Labels for `factory.usage("tag")`, budgets and rate limits. */
  readonly tags?: readonly string[] | undefined;
  /** In queues of rate limits and `max_parallel`: 0 to 255, lower first. Default 128. */
  readonly priority?: number | undefined;
  /**
   * Decides whether a failed attempt is repeated on the same target, within `num_retries`, the deadline, the retry budget and
   * `max_retry_after`. A fallback is a separate decision, by the error code.
   */
  readonly shouldRetry?: ShouldRetry | undefined;
  /** Also yield the provider's events as `{ type: "raw" }`. */
  readonly raw?: boolean | undefined;
}
