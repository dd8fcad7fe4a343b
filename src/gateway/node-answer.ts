import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { systemClock } from "../core/clock.ts";
import type { Answer, StreamedBody } from "./answer.ts";

/** Writes an answer to Node's server. */
export async function writeAnswer(response: ServerResponse, { status, headers, body = "" }: Answer): Promise<void> {
  if (response.destroyed) return typeof body === "string" ? undefined : body.cancel();
  const { req: request } = response;
  if (!request.complete) response.once("finish", () => discardRest(request));
  if (typeof body === "string") {
    const length = status === 204 ? undefined : { "content-length": Buffer.byteLength(body) };
    response.writeHead(status, { ...headers, ...length }).end(body);
    return;
  }
  response.once("close", () => {
    if (!response.writableEnded) body.cancel().catch(() => {});
  });
  response.writeHead(status, { ...headers, "transfer-encoding": "chunked" });
  await writeStream(response, body);
}

async function writeStream(response: ServerResponse, body: StreamedBody): Promise<void> {
  flushWithNext(response);
  for (;;) {
    const { text, last } = await body.next();
    if (response.destroyed) return;
    if (last) return void response.end(text);
    if (text !== "" && !written(response, text)) await drained(response);
    if (response.destroyed) return;
  }
}

/** Sends the head, in one write with the first chunk if that is there. */
function flushWithNext(response: ServerResponse): void {
  const { socket } = response;
  socket?.cork();
  response.flushHeaders();
  process.nextTick(() => socket?.uncork());
}

/** Whether the client is fast enough. A chunk is written as one string; `response.write` writes four. */
function written(response: ServerResponse, text: string): boolean {
  const { socket } = response;
  // The response to an earlier request on the connection has not ended, or the client sends nothing more.
  if (socket?.writable !== true) return response.write(text);
  const length = Buffer.byteLength(text);
  const encoding = length === text.length ? "latin1" : "utf8";
  return socket.write(`${length.toString(16)}\r\n${text}\r\n`, encoding);
}

function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const from: ServerResponse | Socket = response.socket ?? response;
  from.once("drain", resolve);
  response.once("close", resolve);
  return promise.finally(() => {
    from.off("drain", resolve);
    response.off("close", resolve);
  });
}

/** Time in which a client may go on to send a body that is not read, so that it sees the answer. */
const DISCARD_MS = 500;

function discardRest(request: IncomingMessage): void {
  const stop = systemClock.schedule(() => request.socket.destroySoon(), DISCARD_MS);
  request.once("end", stop).once("close", stop).resume();
}
