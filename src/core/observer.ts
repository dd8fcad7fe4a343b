import type { Call } from "./call.ts";
import type { ModelError } from "./error.ts";
import type { FlowEvent } from "./event.ts";

/** Observes the calls of a factory without changing them, such as the log and the usage totals. */
export interface Observer {
  begun?(call: Call): void;
  /** Called with the events for the caller, including `reset` and adjustments. */
  passed?(call: Call, batch: readonly FlowEvent[]): void;
  /** Called once at the end of a call, when all attempts are recorded. `failure` is absent if the call succeeded. */
  ended?(call: Call, failure: ModelError | undefined): void;
}
