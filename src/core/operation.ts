import type { Cancellation } from "./cancellation.ts";
import type { Clock } from "./clock.ts";
import type { ModelRequest } from "./request.ts";
import type { Secret } from "./secret.ts";
import type { Target } from "./target.ts";
import type { Transport } from "./transport.ts";

/** What every request to a provider needs, for an answer, a token count or a list of models. */
export interface Operation {
  readonly target: Target;
  /** The API key; absent if none is needed. */
  readonly credential: Secret | undefined;
  /** Cancels the operation. */
  readonly cancellation: Cancellation;
  readonly transport: Transport;
  readonly clock: Clock;
  /** The request to a model; absent for operations without a model, such as a list of models. */
  readonly request?: ModelRequest | undefined;
}

/** An operation with a request to a model. */
export interface RequestOperation extends Operation {
  readonly request: ModelRequest;
}
