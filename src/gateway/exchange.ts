import type { GatewayConfig, GatewayKey } from "../config/load.ts";
import { newCallId } from "../core/call-id.ts";
import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import type { AccessRecord, CallFacts } from "./access-log.ts";
import type { Arrival } from "./arrival.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Names } from "./names.ts";
import type { Responses } from "./response-store.ts";
import type { GatewayWire } from "./wires.ts";

export interface ExchangeParts {
  readonly request: ClientRequest;
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

type Place = Partial<Pick<Arrival, "model" | "streaming" | "asArray">>;

/** One request and its response, until the last byte. */
export class Exchange {
  readonly parts: ExchangeParts;
  readonly requestId: string;
  readonly #startedMs: number;
  readonly #dateMs: number;
  readonly #facts: { -readonly [name in keyof CallFacts]: CallFacts[name] } = {};
  #stop: ((reason: ModelError) => void) | undefined;
  #held = false;
  #ended = false;

  constructor(parts: ExchangeParts) {
    const { clock, key } = parts;
    this.parts = parts;
    if (key !== undefined) this.#facts.key = key.name;
    this.#dateMs = clock.now();
    this.#startedMs = clock.monotonic();
    this.requestId = `req_${newCallId(this.#dateMs)}`;
  }

  get url(): URL {
    return this.parts.request.url;
  }

  /** The request as one of a wire format. */
  arrival(wire: GatewayWire, place: Place = {}): Arrival {
    return new ExchangeArrival(this, wire, place);
  }

  note(facts: CallFacts): void {
    Object.assign(this.#facts, facts);
  }

  onStop(stop: (reason: ModelError) => void): void {
    this.#stop = stop;
  }

  hold(): void {
    this.#held = true;
  }

  /** The response was returned. */
  returned(status: number): void {
    if (this.#held) return;
    const left = this.parts.request.hasLeft;
    this.end(left ? CLIENT_LEFT : status, left);
  }

  /** Ends the call of a model that answers. */
  stop(reason: ModelError): void {
    this.#stop?.(reason);
  }

  end(status: number, left: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const { request, clock } = this.parts;
    const ms = Math.round(clock.monotonic() - this.#startedMs);
    const time = new Date(this.#dateMs).toISOString();
    const record = { time, method: request.method, path: request.url.pathname, status, ms, ...this.#facts };
    this.parts.onEnd(this, left ? { ...record, left } : record);
  }
}

class ExchangeArrival implements Arrival {
  readonly wire: GatewayWire;
  readonly model: string | undefined;
  readonly streaming: boolean;
  readonly asArray: boolean;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, wire: GatewayWire, { model, streaming = false, asArray = false }: Place) {
    this.#exchange = exchange;
    this.wire = wire;
    this.model = model;
    this.streaming = streaming;
    this.asArray = asArray;
  }

  get request(): ClientRequest {
    return this.#exchange.parts.request;
  }

  get path(): string {
    return this.#exchange.url.pathname;
  }

  get requestId(): string {
    return this.#exchange.requestId;
  }

  get clock(): Clock {
    return this.#exchange.parts.clock;
  }

  get config(): GatewayConfig {
    return this.#exchange.parts.config;
  }

  get names(): Names {
    return this.#exchange.parts.names;
  }

  get responses(): Responses {
    return this.#exchange.parts.responses;
  }

  get key(): GatewayKey | undefined {
    return this.#exchange.parts.key;
  }

  headers(): Readonly<Record<string, string>> {
    const { headers } = this.#exchange.parts;
    const { requestIdHeader } = this.wire;
    return requestIdHeader === undefined ? headers : { ...headers, [requestIdHeader]: this.requestId };
  }

  note(facts: CallFacts): void {
    this.#exchange.note(facts);
  }

  onStop(stop: (reason: ModelError) => void): void {
    this.#exchange.onStop(stop);
  }

  hold(): void {
    this.#exchange.hold();
  }

  end(status: number, left: boolean): void {
    this.#exchange.end(status, left);
  }
}
