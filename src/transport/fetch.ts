import { Cancellation } from "../core/cancellation.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { commonJsExports } from "../core/own.ts";
import type { Exchange, Transport, WireInit } from "../core/transport.ts";
import { addressOf } from "./address.ts";
import { closedError, invalidRequest } from "./failure.ts";
import type { Outgoing } from "./flight.ts";
import { flattenHeaders } from "./headers.ts";
import type { Pools } from "./pools.ts";
import type { HttpResponse } from "./response.ts";
import { wellFormedBody } from "./well-formed-body.ts";

export interface TransportOptions {
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Maximum connections to one origin; other requests wait. Default: unlimited. */
  readonly connections?: number;
  /** Who closes it, for the errors of requests that are in flight then. Default: "factory". */
  readonly owner?: string;
}

interface Loaded {
  readonly Flight: typeof import("./flight.ts").Flight;
  readonly pools: Pools;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_SILENCE_TIMEOUT_MS = 60_000;

/**
 * The fetch function for all three SDKs. Every rejection is a ModelError; connections are kept alive until `close`.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const clock = options.clock ?? systemClock;
  let loaded: Loaded | undefined;
  let closed = false;

  // Loaded by the first request, because undici, TLS and zlib would take most of the import time.
  const load = async (): Promise<Loaded> => {
    const [undici, { Flight }, { Pools }] = await Promise.all([
      import("undici"),
      import("./flight.ts"),
      import("./pools.ts"),
    ]);
    loaded ??= { Flight, pools: new Pools(commonJsExports(undici, "buildConnector"), options.connections) };
    return loaded;
  };

  return {
    fetch(url, init = {}) {
      const exchange: Exchange = init.exchange ?? defaultExchange();
      const response = new Promise<HttpResponse>((resolve, reject) => {
        const fail = (error: unknown) => {
          exchange.failure = isModelError(error) ? error : invalidRequest(error);
          reject(exchange.failure);
        };
        const fly = ({ Flight, pools }: Loaded) => {
          if (closed) throw closedError(options.owner);
          const outgoing = outgoingOf(url, init, exchange.streaming);
          new Flight(pools, clock, exchange, outgoing, init.signal ?? undefined, resolve, fail).start();
        };
        try {
          if (loaded !== undefined) fly(loaded);
          else load().then(fly).catch(fail);
        } catch (error) {
          fail(error);
        }
      });
      return response as unknown as Promise<Response>;
    },
    load: () => (loaded === undefined ? load() : undefined),
    async close() {
      closed = true;
      await loaded?.pools.close(closedError(options.owner));
    },
  };
}

/** The settings of a request that brings none. */
export function defaultExchange(): Exchange {
  return {
    cancellation: new Cancellation(),
    connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
    silenceTimeoutMs: DEFAULT_SILENCE_TIMEOUT_MS,
    streaming: false,
    sent: false,
    response: undefined,
    errorBody: undefined,
  };
}

function outgoingOf(url: string | URL | Request, init: WireInit, streaming: boolean): Outgoing {
  return {
    address: addressOf(parseUrl(url)),
    method: (init.method ?? "GET").toUpperCase(),
    headers: flattenHeaders(init.headers, streaming ? "identity" : "gzip, deflate, br"),
    body: bodyOf(init),
  };
}

function parseUrl(url: string | URL | Request): URL {
  if (url instanceof URL) return url;
  if (typeof url !== "string") throw invalid("the transport expects a URL, not a Request object");
  const parsed = URL.parse(url);
  if (parsed === null) throw invalid("base_url is not an absolute URL");
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw invalid(`base_url must start with http:// or https://, not ${parsed.protocol}`);
  }
  return parsed;
}

function bodyOf({ body, wellFormed }: WireInit): string | Uint8Array | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return wellFormed === true ? body : wellFormedBody(body);
  if (body instanceof Uint8Array) return body;
  throw invalid("the transport supports strings and bytes as a body, not streams or forms");
}

function invalid(what: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `The request cannot be sent: ${what}.` });
}
