import type { Cost } from "./cost.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import type { Usage } from "./usage.ts";

/** One request that was sent to a provider, with its outcome. */
export interface Attempt {
  /** The entry's name in models.toml. */
  readonly model: string;
  readonly provider: string;
  /** Milliseconds from the start of the call; negative if an equal call sent the request before. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly outcome: "ok" | "error" | "aborted";
  readonly error?: { readonly code: ModelErrorCode; readonly message: string; readonly status?: number };
  readonly usage?: Usage;
  readonly cost?: Cost;
  /** Whether the provider may charge for the attempt although it delivered no answer. */
  readonly possiblyBilled: boolean;
}

/** One automatic change of a request, reported so that nothing is dropped silently. */
export interface Adjustment {
  /** The key of models.toml, for example `temperature`. */
  readonly setting: string;
  readonly from: unknown;
  /** `undefined` if the setting was omitted. */
  readonly to: unknown;
  readonly reason: string;
}
