import type { Socket } from "node:net";
import * as nodeTls from "node:tls";
import type { buildConnector, Dispatcher } from "undici";
import type { ModelError } from "../core/error.ts";
import type { TlsOptions } from "../core/transport.ts";

type Undici = typeof import("undici");

/** A request that may open a connection; cancelling it closes the connection. */
export interface Opening {
  connecting: Socket | undefined;
}

/** The properties that connections must share. */
export interface Route {
  readonly origin: string;
  readonly proxy: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly connectTimeoutMs: number;
}

/** Our timeouts limit each request; this only closes connections that no request waits for. */
const ABANDONED_CONNECT_MS = 120_000;

/** Keep-alive connections, one undici pool per route to an origin. HTTP/1.1: one request per connection at a time. */
export class Pools {
  readonly #undici: Undici;
  readonly #connections: number | undefined;
  readonly #pools = new Map<string, Dispatcher>();
  readonly #connecting = new Set<Socket>();
  #opening: Opening | undefined;

  constructor(undici: Undici, connections: number | undefined) {
    this.#undici = undici;
    this.#connections = connections;
  }

  dispatch(route: Route, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler & Opening): void {
    const pool = this.#poolFor(route);
    // undici calls the connector during dispatch, so the connection belongs to this request.
    this.#opening = handler;
    try {
      pool.dispatch(options, handler);
    } finally {
      this.#opening = undefined;
    }
  }

  async close(reason: ModelError): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    const closed = Promise.all(pools.map((pool) => pool.destroy(reason)));
    for (const socket of this.#connecting) socket.destroy();
    await closed;
  }

  #poolFor(route: Route): Dispatcher {
    const key = keyOf(route);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = route.proxy === undefined ? this.#direct(route) : this.#proxied(route, route.proxy);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  #direct(route: Route): Dispatcher {
    const connect = this.#connector({ ...tlsOf(route), timeout: ABANDONED_CONNECT_MS });
    return new this.#undici.Pool(route.origin, { ...this.#settings(), connect });
  }

  #proxied(route: Route, proxy: string): Dispatcher {
    const { Pool, ProxyAgent } = this.#undici;
    const tls = tlsOf(route);
    return new ProxyAgent({
      ...this.#settings(),
      uri: proxy,
      requestTls: tls,
      proxyTls: tls,
      connectTimeout: route.connectTimeoutMs,
      // The response to CONNECT counts as a headers timeout of the proxy's pool.
      clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: route.connectTimeoutMs }),
    });
  }

  #settings() {
    return { headersTimeout: 0, bodyTimeout: 0, allowH2: false, connections: this.#connections ?? null };
  }

  #connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = this.#undici.buildConnector({ ...options, allowH2: false });
    return (target, callback) => {
      const opening = this.#opening;
      const settle: buildConnector.Callback = (...result) => {
        this.#connecting.delete(socket);
        callback(...result);
      };
      // Returns its socket, although the types do not declare it: https://github.com/nodejs/undici/blob/main/lib/core/connect.js
      const socket = connect(target, settle) as unknown as Socket;
      this.#connecting.add(socket);
      if (opening !== undefined) opening.connecting = socket;
    };
  }
}

function keyOf(route: Route): string {
  if (route.proxy === undefined && route.tls === undefined) return route.origin;
  const { ca = "", rejectUnauthorized = true } = route.tls ?? {};
  const via = route.proxy === undefined ? "" : `${route.proxy} ${route.connectTimeoutMs}`;
  return `${route.origin}\n${via}\n${rejectUnauthorized}\n${ca}`;
}

/**
 * Set for every connection, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect. A custom authority is added to the default ones,
 * which Node's `ca` alone would replace.
 */
function tlsOf({ tls }: Route): { rejectUnauthorized: boolean; secureContext?: nodeTls.SecureContext } {
  const { ca, rejectUnauthorized = true } = tls ?? {};
  if (ca === undefined) return { rejectUnauthorized };
  const secureContext = nodeTls.createSecureContext({ ca: [...nodeTls.getCACertificates("default"), ca] });
  return { rejectUnauthorized, secureContext };
}
