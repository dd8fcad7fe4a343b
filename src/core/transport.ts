import type { Cancellation } from "./cancellation.ts";
import type { ModelError } from "./error.ts";
import type { Secret } from "./secret.ts";

/** One server-sent event. */
export interface SseMessage {
  readonly event: string | undefined;
  readonly data: string;
  /** The body ended before the blank line that ends this event: it may have been cut in the middle of it. */
  readonly unended?: boolean;
}

/** A response as the SDKs and the dialects see it: the part of the Fetch API they use, plus linear-time SSE framing. */
export interface WireResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: Headers;
  /** The whole body as text. Rejects with a ModelError when the body was cut. */
  text(): Promise<string>;
  json(): Promise<unknown>;
  /**
   * The body as server-sent events, one batch per network read. Ends normally only when the body ended cleanly; throws
   * a ModelError when it was cut, silent for too long, or is not an event stream. Leaving the loop closes the socket.
   */
  messages(): AsyncIterable<readonly SseMessage[]>;
  /** Closes the socket now, whatever is still to come. */
  cancel(): void;
}

/** The settings of one request and what was seen of it. Handed to the SDK with the request, read by our fetch. */
export interface Exchange {
  readonly cancellation: Cancellation;
  readonly connectTimeoutMs: number;
  /** Longest silence on a streaming body. */
  readonly silenceTimeoutMs: number;
  readonly proxy?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Credentials of the request: blotted out of an error answer that echoes them, before it is shown. Called on failure only. */
  readonly secrets?: (() => readonly Secret[]) | undefined;
  /** Texts of the request: they are removed from an error response that echoes them. Called on failure only. */
  readonly prompt?: (() => readonly string[]) | undefined;
  /** Most bytes of an answer that is read whole. Default 256 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Whether an event stream is asked for (then `accept-encoding: identity` is sent). */
  readonly streaming: boolean;
  /** True once request bytes were handed to a connected socket: from then on it may be billed. */
  sent: boolean;
  /** Set as soon as the headers arrived, on success and on error. */
  response: WireResponse | undefined;
  /** The body of an error answer, at most 64 KiB, as text; what it means is read here, so a prompt in it stays. */
  errorBody: string | undefined;
  /** Length of the request's body, when it was too long. */
  requestBytes?: number;
  /** What our fetch threw; one SDK replaces errors that speak of time by its own and drops their cause. */
  failure?: ModelError | undefined;
  /** Something about how the request was sent that is worth a line in the log. */
  remark?: string;
}

export interface TlsOptions {
  /** Certificate authority, PEM. */
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

/** The fetch that all three SDKs are given; `init.exchange` carries the settings of the request. */
export interface Transport {
  fetch(url: string | URL | Request, init?: WireInit): Promise<Response>;
  /** Loads what the first request needs; `undefined` once it is loaded. `timeout` does not count it. */
  load?(): Promise<unknown> | undefined;
  close(): Promise<void>;
}

/** What the SDKs pass to fetch, and the exchange our clients add through their `fetchOptions`. */
export interface WireInit extends RequestInit {
  exchange?: Exchange;
}
