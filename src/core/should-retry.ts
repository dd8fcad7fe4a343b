import type { ModelError } from "./error.ts";

/** A failed attempt, for the decision whether the same target is asked again. */
export interface FailedAttempt {
  /** With `code`, `status`, `retryAfterMs`, and `partial` if a part of the answer had arrived. */
  readonly error: ModelError;
  /** 1 for the first request to this target. */
  readonly attempt: number;
  /** Retries that `num_retries` leaves. */
  readonly retriesLeft: number;
  /** What happens if the function returns undefined. The deadline and the retry budget may still prevent it. */
  readonly willRetry: boolean;
  /** The entry's name in models.toml. */
  readonly model: string;
  readonly provider: string;
  readonly modelId: string;
  readonly callId: string;
}

/**
 * Decides whether a failed attempt is repeated: false stops, true repeats also what the library would not, undefined leaves it
 * to the library.
 */
export type ShouldRetry = (failure: FailedAttempt) => boolean | undefined;
