import { withoutEcho } from "../core/echo.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { placeOf } from "../core/place.ts";
import { redact } from "../core/secret.ts";
import type { Exchange, SseMessage, Transport, WireInit, WireResponse } from "../core/transport.ts";
import { notHttpError } from "./failure.ts";
import { mayBeEventStream, notEventStream } from "./message-reader.ts";
import { SseFramer } from "./sse.ts";
import { tapped } from "./tapped-stream.ts";
import { wellFormedBody } from "./well-formed-body.ts";

/** A custom transport: an object, or any function with the signature of fetch. */
export type TransportInput = FetchLike | TransportObject;
type FetchLike = (url: string | URL | Request, init?: WireInit) => Promise<Response>;
interface TransportObject {
  readonly fetch: FetchLike;
  close?(): Promise<void>;
}

/**
 * A transport over another fetch function: the global one, an instrumented one, a mock. It gets standard arguments and may return
 * a standard Response; cancellation, framing and error messages are ours. It handles connect and silence timeouts itself.
 */
export function transportFrom(given: TransportInput): Transport {
  const inner: TransportObject = typeof given === "function" ? { fetch: given } : given;
  return {
    async fetch(url, init = {}) {
      const { exchange } = init;
      if (exchange === undefined) return inner.fetch(url, init);
      const answer = await sent(inner, url, init, exchange);
      if (exchange.response !== undefined) return answer;
      exchange.response = new FetchedResponse(tapped(answer, exchange.tap), exchange, answer.url);
      return exchange.response as unknown as Response;
    },
    async close() {
      await inner.close?.();
    },
  };
}

async function sent(
  inner: TransportObject,
  url: string | URL | Request,
  init: WireInit,
  exchange: Exchange,
): Promise<Response> {
  const controller = new AbortController();
  exchange.cancellation.onCancel((reason) => controller.abort(reason));
  exchange.sent = true;
  const body = typeof init.body === "string" ? { body: wellFormedBody(init.body) } : {};
  try {
    return await inner.fetch(url, { ...init, ...body, signal: controller.signal, redirect: "manual" });
  } catch (error) {
    exchange.failure = exchange.cancellation.reason ?? failureOf(error, url);
    throw exchange.failure;
  }
}

function failureOf(error: unknown, url: string | URL | Request): ModelError {
  if (isModelError(error)) return error;
  const { origin } = new URL(typeof url === "string" || url instanceof URL ? url : url.url);
  const foreign = notHttpError(error, origin);
  if (foreign !== undefined) return foreign;
  const words = error instanceof Error ? error.message : String(error);
  return new ModelError({ code: "connection_failed", message: `No response from ${origin}: ${words}`, cause: error });
}

/** Maximum characters of an error response. */
const MAX_ERROR_LENGTH = 64 * 1024;

function headersWithoutEcho(headers: Headers, exchange: Exchange): Headers {
  return new Headers([...headers].map(([name, value]) => [name, withoutEcho(value, exchange)]));
}

/** A standard Response in the form that the dialects use. */
class FetchedResponse implements WireResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: Headers;
  readonly #response: Response;
  readonly #exchange: Exchange;
  #text: Promise<string> | undefined;

  constructor(response: Response, exchange: Exchange, url: string) {
    this.#response = response;
    this.#exchange = exchange;
    this.status = response.status;
    this.ok = response.ok;
    this.url = url;
    this.headers = response.ok ? response.headers : headersWithoutEcho(response.headers, exchange);
  }

  text(): Promise<string> {
    this.#text ??= this.#read();
    return this.#text;
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async *messages(): AsyncGenerator<readonly SseMessage[]> {
    const contentType = this.headers.get("content-type");
    if (!mayBeEventStream(contentType)) {
      this.cancel();
      throw notEventStream(placeOf(this.url), contentType);
    }
    const framer = new SseFramer();
    const out: SseMessage[] = [];
    try {
      for await (const chunk of this.#response.body ?? []) {
        framer.push(Buffer.from(chunk), out);
        if (out.length > 0) yield out.splice(0);
      }
      framer.end(out);
    } catch (error) {
      // The events before the failure are delivered.
      if (out.length > 0) yield out.splice(0);
      throw this.#broken(error, "stream_truncated");
    }
    if (out.length > 0) yield out;
  }

  cancel(): void {
    this.#response.body?.cancel().catch(() => {});
  }

  async #read(): Promise<string> {
    if (this.ok) {
      return this.#response.text().catch((error) => {
        throw this.#broken(error, "connection_failed");
      });
    }
    // A truncated error response still has its status.
    const text = await this.#response.text().catch(() => "");
    const kept = text.slice(0, MAX_ERROR_LENGTH);
    this.#exchange.errorBody = redact(kept, this.#exchange.secrets?.() ?? []);
    return withoutEcho(kept, this.#exchange);
  }

  #broken(error: unknown, code: "stream_truncated" | "connection_failed"): ModelError {
    const { reason } = this.#exchange.cancellation;
    if (reason !== undefined) return reason;
    return isModelError(error) ? error : new ModelError({ code, message: "The response was truncated.", cause: error });
  }
}
