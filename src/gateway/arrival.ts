import type { GatewayConfig, GatewayKey } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import type { CallFacts } from "./access-log.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Names } from "./names.ts";
import type { Responses } from "./response-store.ts";
import type { GatewayWire } from "./wires.ts";

/** A request on its way through the gateway. */
export interface Arrival {
  readonly request: ClientRequest;
  readonly wire: GatewayWire;
  readonly path: string;
  /** From the path: the model, or the id of a response. */
  readonly model: string | undefined;
  /** Whether the path asks for a stream. */
  readonly streaming: boolean;
  /** A stream of Gemini without `alt=sse` is one JSON array. */
  readonly asArray: boolean;
  readonly requestId: string;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  /** The names that the client may use. */
  readonly names: Names;
  readonly responses: Responses;
  /** Absent if the gateway needs no key. */
  readonly key: GatewayKey | undefined;
  /** Headers of every response. */
  headers(): Readonly<Record<string, string>>;
  /** Adds to the access log. */
  note(facts: CallFacts): void;
  /** `stop` ends the call when the gateway can wait for it no longer. */
  onStop(stop: (reason: ModelError) => void): void;
  /** The response goes on after it was returned, until `end`. */
  hold(): void;
  end(status: number, left: boolean): void;
}
