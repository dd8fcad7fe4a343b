import type { ModelErrorCode } from "./error.ts";

/** A failed answer as it came over the wire, whatever the provider. */
export interface Failure {
  readonly status: number | undefined;
  readonly headers?: Headers | undefined;
  /** Parsed body, or its text. */
  readonly body: unknown;
}

export interface Classified {
  readonly code: ModelErrorCode;
  /** The provider's own words. */
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly shouldRetry?: boolean | undefined;
}
