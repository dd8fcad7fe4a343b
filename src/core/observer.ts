import type { Call } from "./call.ts";
import type { ModelError } from "./error.ts";
import type { FlowEvent } from "./event.ts";

/** Sees the calls of a factory and changes nothing of them: the log, the totals. All see the same moments of a call. */
export interface Observer {
  begun?(call: Call): void;
  /** Events on their way to the caller; reset and adjustments are among them. */
  passed?(call: Call, batch: readonly FlowEvent[]): void;
  /** Called once, whatever happened: all attempts are on record. `failure` is absent when the call was answered. */
  ended?(call: Call, failure: ModelError | undefined): void;
}
