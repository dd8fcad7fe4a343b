import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { systemClock } from "../core/clock.ts";
import { connect } from "./connection.ts";
import { type Answerer, answererOf, type Gateway } from "./gateway.ts";
import { writeAnswer } from "./node-answer.ts";
import { type NodeRequest, plainRequest } from "./node-request.ts";
import { answerUnparsed, answerWith, INVALID_HOST, INVALID_URL, UNKNOWN_EXPECTATION } from "./unparsed-request.ts";

/** A gateway on a port. */
export interface Listening {
  /** Its origin, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Waits for the requests in flight, up to `drain`, and closes every connection. `/readyz` says so in the meantime. */
  close(): Promise<void>;
}

/** How long clients may take, milliseconds. */
export interface Patience {
  /** For the headers of a request. */
  readonly headersMs: number;
  /** Without taking anything of a response that is waiting for them. */
  readonly writeMs: number;
}

const PATIENCE: Patience = { headersMs: 8_000, writeMs: 30_000 };

/** Longer than that of usual proxies, so that they do not send a request on a connection that closes. */
const KEEP_ALIVE_MS = 75_000;
const MAX_CONNECTIONS = 10_000;

/** @throws Node's error (`EADDRINUSE`) when the port is taken. */
export async function listen(gateway: Gateway, host: string, port: number, patience = PATIENCE): Promise<Listening> {
  const open = new Set<ServerResponse>();
  const server = serverOf(gateway, host, patience, open);
  await listening(server, host, port);
  const { address, family, port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${chosen}`,
    async close() {
      await gateway.close();
      await closed(server, open);
    },
  };
}

function serverOf(gateway: Gateway, host: string, { headersMs, writeMs }: Patience, open: Set<ServerResponse>): Server {
  const answer = listenerOf(gateway, host);
  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: headersMs,
    connectionsCheckingInterval: headersMs / 8,
    // The gateway watches how a body arrives: a long one may take its time.
    requestTimeout: 0,
    // Answered here, in words that clients understand.
    requireHostHeader: false,
  };
  const server = createServer(options, (request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (response.socket === null) closeWithConnection(response);
    answer(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("checkExpectation", (_request, response) => answerWith(response, UNKNOWN_EXPECTATION));
  server.on("clientError", (error, socket) => answerUnparsed(error, socket, open));
  // A connection that waits for the provider is quiet too, but has nothing to write.
  server.timeout = writeMs;
  server.on("timeout", (socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });
  return server;
}

/** Of a response that waits for an earlier one of its connection, Node 22 does not emit `close`. */
function closeWithConnection(response: ServerResponse): void {
  const { socket } = response.req;
  const close = () => {
    if (response.closed) return;
    response.destroy();
    response.emit("close");
  };
  socket.setMaxListeners(0).once("close", close);
  response.once("close", () => socket.off("close", close));
}

function listenerOf(gateway: Gateway, host: string): (request: IncomingMessage, response: ServerResponse) => void {
  const answer = answererOf(gateway);
  const listener = webListener(gateway, host);
  return (request, response) => {
    if (!hasOneHost(request)) return answerWith(response, INVALID_HOST);
    const plain = plainRequest(request, response);
    if (plain === undefined) listener(request, response);
    else void answered(plain, response, answer);
  };
}

/** The usual requests, without objects of the web. */
async function answered(request: NodeRequest, response: ServerResponse, answer: Answerer): Promise<void> {
  try {
    await writeAnswer(response, await answer(request));
  } catch {
    response.destroy();
  }
}

function webListener(gateway: Gateway, host: string): (request: IncomingMessage, response: ServerResponse) => void {
  const fetch = (request: Request, env: unknown) => {
    const { incoming, outgoing } = env as HttpBindings;
    connect(request, { received: () => incoming.socket.bytesRead, cut: () => outgoing.destroy() });
    return gateway.fetch(request);
  };
  // Without a response, the adapter leaves a request that has no valid URL to us.
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false, hostname: host, errorHandler: () => {} });
  return (request, response) => {
    void listener(request, response).then(() => {
      if (!response.headersSent) answerWith(response, INVALID_URL);
    });
  };
}

/** HTTP/1.1 requires one; of two, a proxy may have checked the other one. */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === "host") hosts++;
  return hosts === 1 || (hosts === 0 && httpVersion === "1.0");
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Time for the last bytes of the responses that have ended. */
const FLUSH_MS = 250;

async function closed(server: Server, open: ReadonlySet<ServerResponse>): Promise<void> {
  const closing = new Promise<void>((resolve) => server.close(() => resolve()));
  await flushed(open);
  server.closeAllConnections();
  await closing;
}

function flushed(open: ReadonlySet<ServerResponse>): Promise<unknown> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const stop = systemClock.schedule(resolve, FLUSH_MS);
  const ended = [...open].map((response) => new Promise((done) => response.once("close", done)));
  return Promise.race([Promise.all(ended), late]).finally(stop);
}
