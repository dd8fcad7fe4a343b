import type { GatewayConfig, GatewayKey } from "../config/load.ts";
import { newCallId } from "../core/call-id.ts";
import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import type { AccessRecord, CallFacts } from "./access-log.ts";
import type { Arrival } from "./arrival.ts";
import type { Names } from "./names.ts";
import type { Responses } from "./response-store.ts";
import type { GatewayWire } from "./wires.ts";

export interface ExchangeParts {
  readonly request: Request;
  readonly url: URL;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  readonly names: Names;
  readonly responses: Responses;
  readonly key: GatewayKey | undefined;
  /** Headers that every response gets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly onEnd: (exchange: Exchange, record: AccessRecord) => void;
}

/** The status of a response that nobody got, as proxies log it. */
const CLIENT_LEFT = 499;

/** One request and its response, until the last byte. */
export class Exchange {
  readonly parts: ExchangeParts;
  readonly url: URL;
  readonly requestId: string;
  readonly #startedMs: number;
  readonly #time: string;
  #facts: CallFacts = {};
  #stop: ((reason: ModelError) => void) | undefined;
  #held = false;
  #ended = false;

  constructor(parts: ExchangeParts) {
    const { url, clock } = parts;
    const nowMs = clock.now();
    this.parts = parts;
    if (parts.key !== undefined) this.#facts = { key: parts.key.name };
    this.url = url;
    this.requestId = `req_${newCallId(nowMs)}`;
    this.#startedMs = clock.monotonic();
    this.#time = new Date(nowMs).toISOString();
  }

  /** The request as one of a wire format. */
  arrival(wire: GatewayWire, place: Partial<Pick<Arrival, "model" | "streaming" | "asArray">> = {}): Arrival {
    const { request, clock, config, names, key, responses, headers } = this.parts;
    const { requestId, url } = this;
    const { model, streaming = false, asArray = false } = place;
    const own = wire.requestIdHeader === undefined ? headers : { ...headers, [wire.requestIdHeader]: requestId };
    return {
      ...{
        request,
        wire,
        path: url.pathname,
        model,
        streaming,
        asArray,
        requestId,
        clock,
        config,
        names,
        key,
        responses,
      },
      headers: () => own,
      note: (facts) => {
        this.#facts = { ...this.#facts, ...facts };
      },
      onStop: (stop) => {
        this.#stop = stop;
      },
      hold: () => {
        this.#held = true;
      },
      end: (status, left) => this.#end(status, left),
    };
  }

  /** The response was returned. */
  returned(status: number): void {
    if (this.#held) return;
    const left = this.parts.request.signal.aborted;
    this.#end(left ? CLIENT_LEFT : status, left);
  }

  /** Ends the call of a model that answers. */
  stop(reason: ModelError): void {
    this.#stop?.(reason);
  }

  #end(status: number, left: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const { request, clock } = this.parts;
    const ms = Math.round(clock.monotonic() - this.#startedMs);
    const { pathname: path } = this.url;
    const record = { time: this.#time, method: request.method, path, status, ms, ...this.#facts };
    this.parts.onEnd(this, left ? { ...record, left } : record);
  }
}
