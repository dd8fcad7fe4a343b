import { beginningOf } from "../core/beginning.ts";
import { withoutEcho } from "../core/echo.ts";
import { ModelError } from "../core/error.ts";
import { placeOf } from "../core/place.ts";
import { redact } from "../core/secret.ts";
import type { Exchange, SseMessage, WireResponse } from "../core/transport.ts";
import type { Body } from "./body.ts";
import { BodyCut, cutError } from "./failure.ts";
import type { WireHeaders } from "./headers.ts";
import { MessageReader, mayBeEventStream, notEventStream } from "./message-reader.ts";

/** Maximum bytes of an error response. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Default maximum bytes of a body in memory; a Node string cannot be much longer. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** The part of the Fetch API's Response that the three SDKs use, without a web stream. */
export class HttpResponse implements WireResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: Headers;
  readonly statusText = "";
  readonly body = null;
  readonly #body: Body;
  readonly #exchange: Exchange;
  #text: Promise<string> | undefined;
  #read = false;

  constructor(status: number, url: string, headers: WireHeaders, body: Body, exchange: Exchange) {
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.url = url;
    const shown = this.ok ? headers : headers.map((value) => withoutEcho(value, exchange));
    this.headers = shown.asHeaders();
    this.#body = body;
    this.#exchange = exchange;
  }

  get #maxBytes(): number {
    return this.#exchange.maxBodyBytes ?? MAX_BODY_BYTES;
  }

  get bodyUsed(): boolean {
    return this.#read;
  }

  text(): Promise<string> {
    this.#text ??= this.#readText();
    return this.#text;
  }

  async json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text);
    } catch {
      // An SDK that reads an error as JSON still creates its error with the status.
      if (!this.ok) return text;
      throw this.#notJson(text);
    }
  }

  messages(): AsyncIterable<readonly SseMessage[]> {
    const contentType = this.headers.get("content-type");
    if (this.#read) return failing(readTwice());
    this.#read = true;
    if (!mayBeEventStream(contentType)) {
      const error = notEventStream(placeOf(this.url), contentType);
      this.#body.flow.cancel(error);
      return failing(error);
    }
    const throwIfCancelled = () => this.#exchange.cancellation.throwIfCancelled();
    return new MessageReader({ body: this.#body, url: this.url, contentType, throwIfCancelled });
  }

  cancel(): void {
    this.#body.flow.cancel(new ModelError({ code: "aborted", message: "The response was cancelled." }));
  }

  #readText(): Promise<string> {
    if (this.#read) return Promise.reject(readTwice());
    this.#read = true;
    const body = this.#body;
    if (body.state === "ended") return Promise.resolve(this.#finishText());
    body.collect();
    return new Promise((resolve, reject) => {
      body.onChange = () => this.#onText(resolve, reject);
      body.onChange();
    });
  }

  #onText(resolve: (text: string) => void, reject: (error: ModelError) => void): void {
    const body = this.#body;
    if (body.state === "failed") this.#onFailedText(resolve, reject);
    else if (body.state === "ended") resolve(this.#finishText());
    else if (!this.ok && body.bytes > MAX_ERROR_BYTES) resolve(this.#discardRest());
    else if (body.bytes > this.#maxBytes) body.flow.cancel(tooLarge(placeOf(this.url), this.#maxBytes));
  }

  /** A truncated or stalled error response still has its status, so its partial body is kept. */
  #onFailedText(resolve: (text: string) => void, reject: (error: ModelError) => void): void {
    const { failure } = this.#body;
    if (!this.ok && failure instanceof ModelError && failure.phase === "silence") resolve(this.#finishText());
    else if (!(failure instanceof BodyCut)) reject(failure ?? readTwice());
    else if (this.ok) reject(cutError("connection_failed", placeOf(this.url), failure));
    else resolve(this.#finishText());
  }

  #discardRest(): string {
    const text = this.#finishText();
    this.#body.onChange = undefined;
    this.cancel();
    return text;
  }

  #finishText(): string {
    const text = decode(this.#body.take(), this.ok ? this.#maxBytes : MAX_ERROR_BYTES);
    if (this.ok) return text;
    this.#exchange.errorBody = redact(text, this.#exchange.secrets?.() ?? []);
    return withoutEcho(text, this.#exchange);
  }

  /** Without the error of JSON.parse, which quotes the text. */
  #notJson(text: string): ModelError {
    const type = this.headers.get("content-type") ?? "no content-type";
    const got = text === "" ? "an empty body" : `${type}; check base_url. The body is ${beginningOf(text)}`;
    return new ModelError({
      code: "protocol_error",
      message: `expected JSON from ${placeOf(this.url)}, got ${withoutEcho(got, this.#exchange)}`,
      status: this.status,
    });
  }
}

function decode(chunks: Buffer[], limit: number): string {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  const bytes = only ?? Buffer.concat(chunks);
  const text = bytes.toString("utf8", 0, Math.min(bytes.length, limit));
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function failing(error: ModelError): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

function readTwice(): ModelError {
  return new ModelError({ code: "protocol_error", message: "The body of this response was already read." });
}

function tooLarge(place: string, bytes: number): ModelError {
  const limit = `${bytes / 1024 / 1024} MiB`;
  return new ModelError({ code: "protocol_error", message: `The response from ${place} is larger than ${limit}.` });
}
