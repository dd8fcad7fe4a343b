import type { Exchange, SseMessage, WireResponse } from "../index.ts";

/** The response of a recording transport, instead of sending the request. */
export interface CannedAnswer {
  /** HTTP status. Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: unknown;
}

/** A response that was not sent over the network, with the parts that the dialects use. */
export class CannedResponse implements WireResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: Headers;
  readonly statusText = "";
  readonly body = null;
  readonly bodyUsed = false;
  readonly #text: string;

  constructor(url: string, { status = 200, headers, body }: CannedAnswer) {
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.url = url;
    this.headers = new Headers({ "content-type": "application/json", ...headers });
    this.#text = JSON.stringify(body) ?? "";
  }

  /** Updates the exchange like a real response. */
  settle(exchange: Exchange | undefined): Response {
    const errorBody = this.ok ? undefined : this.#text;
    if (exchange !== undefined) Object.assign(exchange, { sent: true, response: this, errorBody });
    return this as unknown as Response;
  }

  async text(): Promise<string> {
    return this.#text;
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.#text);
  }

  async *messages(): AsyncGenerator<readonly SseMessage[]> {}

  cancel(): void {}
}
