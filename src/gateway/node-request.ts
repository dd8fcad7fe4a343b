import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { ClientRequest } from "./client-request.ts";
import type { Connection } from "./connection.ts";

/** Paths and hosts that a URL parser leaves as they are, apart from hosts that are numbers. */
const PLAIN_PATH = /^\/[\w:./-]+(?:\?[\w=&.-]*)?$/;
const DOT_SEGMENT = /\/\.\.?(?:[/?]|$)/;
const PLAIN_HOST = /^[a-z\d._-]+(?::\d{1,5})?$/;

/** Headers that make a request more than a method, a path and a body of a known length. */
const SPECIAL = ["transfer-encoding", "content-encoding", "upgrade", "expect", "trailer"] as const;

/**
 * The request, if it is one that clients of models send for a call: `POST` to a path without escapes, with a body of a known
 * length and no header twice. It needs no objects of the web.
 */
export function plainRequest(request: IncomingMessage, response: ServerResponse): NodeRequest | undefined {
  if (!isPlain(request)) return undefined;
  const url = urlOf(`http://${request.headers.host}${request.url}`);
  return url === undefined ? undefined : new NodeRequest(request, response, url);
}

const MAX_URLS = 256;
const MAX_URL_CHARS = 500;

/** Clients ask for the same few URLs. A query may have a key, which is not kept. */
const urls = new Map<string, URL>();

function urlOf(text: string): URL | undefined {
  const known = urls.get(text);
  if (known !== undefined) return known;
  const url = URL.parse(text) ?? undefined;
  if (url === undefined || text.length > MAX_URL_CHARS || text.includes("?")) return url;
  if (urls.size >= MAX_URLS) urls.clear();
  urls.set(text, url);
  return url;
}

function isPlain({ method, url = "", httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  if (method !== "POST" || httpVersion !== "1.1") return false;
  if (!PLAIN_PATH.test(url) || DOT_SEGMENT.test(url) || !PLAIN_HOST.test(headers.host ?? "")) return false;
  if (Object.keys(headers).length * 2 !== rawHeaders.length) return false;
  return headers["content-length"] !== undefined && SPECIAL.every((name) => headers[name] === undefined);
}

/** A plain request as Node's server received it. */
export class NodeRequest implements ClientRequest, Connection {
  readonly method = "POST";
  readonly url: URL;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #onLeft: (() => void) | undefined;
  #abort: AbortController | undefined;
  #left = false;

  constructor(request: IncomingMessage, response: ServerResponse, url: URL) {
    this.#request = request;
    this.#response = response;
    this.url = url;
    response.once("close", () => {
      if (!response.writableFinished) this.#leave();
    });
  }

  get connection(): Connection {
    return this;
  }

  get hasLeft(): boolean {
    return this.#left;
  }

  /** Made for the few that need one. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#left) this.#abort.abort();
    return this.#abort.signal;
  }

  header(name: string): string | null {
    return (this.#request.headers[name] as string | undefined) ?? null;
  }

  onLeft(listener: () => void): () => void {
    this.#onLeft = listener;
    return () => {
      this.#onLeft = undefined;
    };
  }

  received(): number {
    return this.#request.socket.bytesRead;
  }

  cut(): void {
    this.#response.destroy();
  }

  pieces(): Readable {
    return this.#request;
  }

  /** A short body comes with its headers. */
  arrived(): Uint8Array | undefined {
    const { complete, readableLength, headers } = this.#request;
    if (!complete || readableLength === 0 || readableLength !== Number(headers["content-length"])) return undefined;
    return this.#request.read() as Buffer;
  }

  bytes(): Promise<Uint8Array> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error("The client closed the connection."));
      if (request.destroyed && !request.readableEnded) return gone();
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => void pieces.push(piece));
      request.once("end", () => resolve(Buffer.concat(pieces)));
      request.once("error", reject);
      request.once("close", () => {
        if (!request.readableEnded) gone();
      });
    });
  }

  #leave(): void {
    this.#left = true;
    this.#abort?.abort();
    this.#onLeft?.();
  }
}
