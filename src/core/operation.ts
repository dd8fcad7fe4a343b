import type { Cancellation } from "./cancellation.ts";
import type { Clock } from "./clock.ts";
import type { ModelRequest } from "./request.ts";
import type { Secret } from "./secret.ts";
import type { Target } from "./target.ts";
import type { Transport } from "./transport.ts";

/** What every request to a provider needs, whether it asks for an answer, a count of tokens or a list of models. */
export interface Operation {
  readonly target: Target;
  /** The key it is sent with; absent where none is needed. */
  readonly credential: Secret | undefined;
  /** Ends it. */
  readonly cancellation: Cancellation;
  readonly transport: Transport;
  readonly clock: Clock;
  /** What is asked of the model; absent where no model is asked, as for a list of models. */
  readonly request?: ModelRequest | undefined;
}

/** An operation on a request to a model. */
export interface RequestOperation extends Operation {
  readonly request: ModelRequest;
}
