import type { Clock } from "../../core/clock.ts";
import { isModelError } from "../../core/error.ts";
import type { BodyTap, Exchange, Transport, WireInit } from "../../core/transport.ts";
import { BodyCut } from "../failure.ts";
import { defaultExchange } from "../fetch.ts";
import { wellFormedBody } from "../well-formed-body.ts";
import {
  CASSETTE_VERSION,
  lineOf,
  type RecordedEnd,
  type RecordedError,
  type RecordedRequest,
  type RecordedResponse,
} from "./exchange-line.ts";
import { Masking, type TimedBytes } from "./masking.ts";

export interface RecorderOptions {
  readonly clock: Clock;
  /** Appends one line, completely or not at all. */
  readonly write: (line: string) => void;
  /** A line that could not be written; the call itself goes on. */
  readonly onFailure: (error: unknown) => void;
}

/** Sends requests through `inner` and writes each exchange when it has ended. */
export function recordingThrough(inner: Transport, options: RecorderOptions): Transport {
  let position = 0;
  const load = inner.load?.bind(inner);
  return {
    async fetch(url, given = {}) {
      const init = given.exchange === undefined ? { ...given, exchange: defaultExchange() } : given;
      const exchange = init.exchange as Exchange;
      const recording = new Recording(urlOf(url), init, position++, options);
      exchange.tap = recording;
      try {
        const response = await inner.fetch(url, init);
        recording.answered(response);
        return response;
      } catch (error) {
        recording.refused(exchange.failure ?? error);
        throw error;
      }
    },
    ...(load !== undefined && { load }),
    close: () => inner.close(),
  };
}

/** The URL as it is recorded and compared. */
export function urlOf(url: string | URL | Request): string {
  const text = url instanceof Request ? url.url : String(url);
  return URL.parse(text)?.href ?? text;
}

type Answered = Pick<Response, "status" | "url" | "headers"> & { readonly atMs: number };

/** One exchange from its request to the end of its body. */
class Recording implements BodyTap {
  readonly #url: string;
  readonly #init: WireInit;
  readonly #position: number;
  readonly #options: RecorderOptions;
  readonly #startedMs: number;
  readonly #from: number;
  readonly #chunks: TimedBytes[] = [];
  #response: Answered | undefined;
  #end: ((masking: Masking) => RecordedEnd) | undefined;
  #written = false;

  constructor(url: string, init: WireInit, position: number, options: RecorderOptions) {
    this.#url = url;
    this.#init = init;
    this.#position = position;
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.#from = options.clock.monotonic();
  }

  chunk(bytes: Uint8Array): void {
    this.#chunks.push({ atMs: this.#elapsed(), bytes: Buffer.from(bytes) });
  }

  end(): void {
    const atMs = this.#elapsed();
    this.#close(() => ({ as: "end", atMs }));
  }

  fail(failure: unknown): void {
    const atMs = this.#elapsed();
    this.#close((masking) => endOf(failure, atMs, masking));
  }

  /** The body may have begun, or ended, before. */
  answered({ status, url, headers }: Response): void {
    this.#response = { atMs: this.#elapsed(), status, url, headers };
    this.#finish();
  }

  /** There is no response. */
  refused(failure: unknown): void {
    this.#end = undefined;
    this.fail(failure);
    this.#finish(true);
  }

  #close(end: (masking: Masking) => RecordedEnd): void {
    this.#end ??= end;
    this.#finish();
  }

  #elapsed(): number {
    return Math.max(0, Math.round(this.#options.clock.monotonic() - this.#from));
  }

  #finish(withoutResponse = false): void {
    if (this.#written || this.#end === undefined) return;
    if (this.#response === undefined && !withoutResponse) return;
    this.#written = true;
    try {
      this.#options.write(this.#line(this.#end));
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #line(end: (masking: Masking) => RecordedEnd): string {
    const { headers: given, exchange, method = "GET" } = this.#init;
    const headers = new Headers(given);
    const masking = new Masking(exchange ?? {}, this.#url, headers);
    return lineOf({
      cassette: CASSETTE_VERSION,
      ...{ startedMs: this.#startedMs, position: this.#position, sent: exchange?.sent ?? true },
      request: {
        ...{ method: method.toUpperCase(), url: masking.url(this.#url), headers: masking.headers(headers) },
        ...bodyOf(this.#init, masking),
      },
      ...(this.#response !== undefined && { response: this.#recordedResponse(this.#response, masking) }),
      end: end(masking),
    });
  }

  #recordedResponse({ atMs, status, url, headers }: Answered, masking: Masking): RecordedResponse {
    const safe = [...headers.entries()].filter(([name]) => isSafeHeader(name));
    return {
      ...{ atMs, status, url: masking.url(url === "" ? this.#url : url), headers: masking.headers(safe) },
      chunks: masking.chunks(this.#chunks),
    };
  }
}

/** The request body as it is sent. */
export function bodyOf({ body, wellFormed }: WireInit, masking: Masking): Partial<RecordedRequest> {
  if (body === undefined || body === null) return {};
  if (body instanceof Uint8Array) {
    const text = Buffer.from(body).toString("utf8");
    if (!Buffer.from(text).equals(body)) return { base64: Buffer.from(body).toString("base64") };
    return { text: masking.text(text) };
  }
  const sent = String(body);
  const text = masking.text(wellFormed === true ? sent : wellFormedBody(sent));
  try {
    const value: unknown = JSON.parse(text);
    // Numbers such as 1.0 and repeated keys would be lost.
    return JSON.stringify(value) === text ? { body: value } : { text };
  } catch {
    return { text };
  }
}

/** Response headers that the library reads; others, such as cookies, may hold credentials. */
const SAFE_HEADERS =
  /^(?:content-type|date|retry-after|(?:x-ms-)?retry-after-ms|x-should-retry|request-id|(?:x|apim)-request-id|openai-(?:processing-ms|version)|(?:x-)?(?:[a-z]+-)?rate-?limit(?:-[a-z-]+)?)$/;

function isSafeHeader(name: string): boolean {
  return SAFE_HEADERS.test(name);
}

function endOf(failure: unknown, atMs: number, masking: Masking): RecordedEnd {
  const known = failure instanceof BodyCut ? undefined : failure;
  // The program left, or its deadline ended the call: another program may stay longer.
  if (isModelError(known) && (known.code === "aborted" || known.phase === "deadline")) return { as: "abort", atMs };
  if (isModelError(known)) return { as: "error", atMs, error: errorOf(known, masking) };
  const cause = failure instanceof BodyCut ? failure.cause : failure;
  const code = (cause as { code?: unknown } | undefined)?.code;
  const message = masking.url(cause instanceof Error ? cause.message : String(cause));
  return { as: "cut", atMs, ...(typeof code === "string" && { code }), message };
}

function errorOf(error: RecordedError, masking: Masking): RecordedError {
  const { code, message, provider, model, status, phase, shouldRetry, reusedSocket } = error;
  return {
    ...{ code, message: masking.url(message) },
    ...{ provider, model, status, phase, shouldRetry, reusedSocket: reusedSocket === true ? true : undefined },
  };
}
