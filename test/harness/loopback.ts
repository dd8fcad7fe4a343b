import http from "node:http";
import net from "node:net";
import { onTestFinished } from "vitest";
import { Cancellation } from "../../src/core/cancellation.ts";
import type { Exchange, SseMessage, Transport, WireResponse } from "../../src/core/transport.ts";
import { createTransport, type TransportOptions } from "../../src/transport/fetch.ts";

export interface Loopback {
  readonly origin: string;
  readonly port: number;
  /** Requests received completely. */
  readonly requests: { method: string; url: string; headers: http.IncomingHttpHeaders; body: string }[];
  /** Open connections. */
  readonly sockets: Set<net.Socket>;
  /** Number of connections opened so far. */
  opened: number;
  /** Resolves when every connection is closed, with the time it took in milliseconds. */
  allClosed(): Promise<number>;
}

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;

/** An HTTP server on loopback that is closed when the test ends. */
export async function serve(handler: Handler): Promise<Loopback> {
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    loopback.requests.push({
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      body,
    });
    handler(request, response, body);
  });
  const loopback = await listen(server);
  return loopback;
}

/** A TCP server that sends `script` on every connection once a complete request head has arrived. */
export async function serveRaw(script: (socket: net.Socket, request: string) => void): Promise<Loopback> {
  const server = net.createServer((socket) => {
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      loopback.requests.push({ method: "", url: "", headers: {}, body: text });
      script(socket, text);
    });
  });
  const loopback = await listen(server);
  return loopback;
}

export async function listen(server: net.Server): Promise<Loopback> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    loopback.opened += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const loopback: Loopback = {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests: [],
    sockets,
    opened: 0,
    async allClosed() {
      const startMs = performance.now();
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
      return performance.now() - startMs;
    },
  };
  return loopback;
}

/** A transport that is closed when the test ends. */
export function transport(options: TransportOptions = {}): Transport {
  const made = createTransport(options);
  onTestFinished(() => made.close());
  return made;
}

export function exchange(overrides: Partial<Exchange> = {}): Exchange & { failure?: unknown } {
  return {
    cancellation: new Cancellation(),
    connectTimeoutMs: 5_000,
    silenceTimeoutMs: 5_000,
    streaming: false,
    sent: false,
    response: undefined,
    errorBody: undefined,
    ...overrides,
  };
}

export const streaming = (overrides: Partial<Exchange> = {}) => exchange({ streaming: true, ...overrides });

/** POSTs a small JSON body and returns the response as a dialect sees it. */
export async function post(wire: Transport, url: string, seen: Exchange = exchange()): Promise<WireResponse> {
  const headers = { "content-type": "application/json", authorization: "Bearer test-key" };
  return wireResponse(await wire.fetch(url, { method: "POST", headers, body: '{"model":"m"}', exchange: seen }));
}

export function wireResponse(response: Response): WireResponse {
  return response as unknown as WireResponse;
}

export async function collect(response: WireResponse): Promise<SseMessage[]> {
  const all: SseMessage[] = [];
  for await (const batch of response.messages()) all.push(...batch);
  return all;
}

export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown> & Error;
  }
  throw new Error("expected a failure");
}

export const SSE_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
export const CHUNKED_SSE_HEAD = `${SSE_HEAD}transfer-encoding: chunked\r\n\r\n`;

/** One chunk of a chunked body. */
export function chunk(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const LAST_CHUNK = "0\r\n\r\n";
