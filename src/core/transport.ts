import type { Cancellation } from "./cancellation.ts";
import type { ModelError } from "./error.ts";
import type { Secret } from "./secret.ts";

/** One server-sent event. */
export interface SseMessage {
  readonly event: string | undefined;
  readonly data: string;
  /** The body ended before the blank line after this event, so the event may be truncated. */
  readonly unended?: boolean;
}

/** A response for the SDKs and dialects: the part of the Fetch API that they use, and linear-time SSE framing. */
export interface WireResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: Headers;
  /** The complete body as text. Rejects with a ModelError if the body is truncated. */
  text(): Promise<string>;
  json(): Promise<unknown>;
  /**
   * The body as server-sent events, one batch per network read. Ends normally only if the body ended cleanly; throws a
   * ModelError if it is truncated, silent for too long, or not an event stream. Leaving the loop closes the socket.
   */
  messages(): AsyncIterable<readonly SseMessage[]>;
  /** Closes the socket immediately. */
  cancel(): void;
}

/** The settings and results of one request. Passed to the SDK with the request and read by our fetch. */
export interface Exchange {
  readonly cancellation: Cancellation;
  readonly connectTimeoutMs: number;
  /** Maximum time without a byte of the body. */
  readonly silenceTimeoutMs: number;
  readonly proxy?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Credentials of the request, masked in an error response that repeats them. Called on failure only. */
  readonly secrets?: (() => readonly Secret[]) | undefined;
  /** Texts of the request, removed from an error response that repeats them. Called on failure only. */
  readonly prompt?: (() => readonly string[]) | undefined;
  /** Maximum bytes of a response without streaming. Default 256 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Whether the request asks for an event stream (then it sends `accept-encoding: identity`). */
  readonly streaming: boolean;
  /** True once request bytes were written to a connected socket: from then on it may be billed. */
  sent: boolean;
  /** Set when the headers arrive, on success and on error. */
  response: WireResponse | undefined;
  /** The body of an error response as text, at most 64 KiB; unmasked, because it is parsed. */
  errorBody: string | undefined;
  /** Length of the request body, if it was too long. */
  requestBytes?: number;
  /** What our fetch threw; one SDK replaces errors whose message mentions a timeout and drops the cause. */
  failure?: ModelError | undefined;
  /** Set by a recording transport. */
  tap?: BodyTap | undefined;
  /** What a recording has instead of the origin of the URL, which differs from run to run. */
  readonly recordedOrigin?: string | undefined;
  /** Set if the message of the failure quotes the request on purpose: it is for the author of a test. */
  quotesPrompt?: boolean;
  /** Receives remarks about how the request was sent, for the log. */
  readonly remarks?: Remark[] | undefined;
}

/** Observes the body of a response in the chunks that its reader gets, decompressed. */
export interface BodyTap {
  chunk(bytes: Uint8Array): void;
  end(): void;
  /** A ModelError, or the error of a connection that broke in the middle of the body. */
  fail(failure: unknown): void;
}

export interface Remark {
  /** The entry whose request it is. */
  readonly model: string;
  readonly text: string;
}

export interface TlsOptions {
  /** Certificate authority, PEM. */
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

/** The fetch function for all three SDKs; `init.exchange` has the settings of the request. */
export interface Transport {
  fetch(url: string | URL | Request, init?: WireInit): Promise<Response>;
  /** Loads what the first request needs; `undefined` once loaded. Not counted by `timeout`. */
  load?(): Promise<unknown> | undefined;
  close(): Promise<void>;
}

/** The options that the SDKs pass to fetch, and the exchange that our clients add through `fetchOptions`. */
export interface WireInit extends RequestInit {
  exchange?: Exchange;
  /** Whether the strings behind a JSON body are known to have no half of a surrogate pair. Default: the body is searched. */
  wellFormed?: boolean;
}
