import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { type Clock, scheduleLimit } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { Exchange } from "../core/transport.ts";
import { type Address, addressOf } from "./address.ts";
import { Body, type Flow } from "./body.ts";
import { ContentDecoder, contentEncoding } from "./decoder.ts";
import { BodyCut, connectionError, connectTimeout } from "./failure.ts";
import { WireHeaders } from "./headers.ts";
import type { Opening, Pools, Route } from "./pools.ts";
import { redirectTarget } from "./redirect.ts";
import { HttpResponse } from "./response.ts";
import { SilenceClock } from "./silence-clock.ts";

export interface Outgoing {
  readonly address: Address;
  readonly method: string;
  readonly headers: string[];
  readonly body: string | Uint8Array | null;
}

type Controller = Dispatcher.DispatchController;

/** One request from dispatch to the last byte: timeouts, cancellation, and the state of its socket. */
export class Flight implements Dispatcher.DispatchHandler, Opening, Flow {
  connecting: Socket | undefined;
  readonly #pools: Pools;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  readonly #outgoing: Outgoing;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: ModelError) => void;
  readonly #silence: SilenceClock;
  #address: Address;
  #redirects = 0;
  #controller: Controller | undefined;
  #body: Body | undefined;
  #decoder: ContentDecoder | undefined;
  /** Set when the request has settled, with the reason if there is one. */
  #settled = false;
  /** Whether the connection was used before. */
  #reused = false;
  #reason: ModelError | undefined;
  #offConnectTimer: (() => void) | undefined;
  #offCancel: (() => void) | undefined;

  constructor(
    pools: Pools,
    clock: Clock,
    exchange: Exchange,
    outgoing: Outgoing,
    signal: AbortSignal | undefined,
    resolve: (response: HttpResponse) => void,
    reject: (error: ModelError) => void,
  ) {
    this.#pools = pools;
    this.#clock = clock;
    this.#exchange = exchange;
    this.#outgoing = outgoing;
    this.#address = outgoing.address;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#silence = new SilenceClock(clock, exchange.silenceTimeoutMs, () => this.#onSilence());
  }

  start(): void {
    this.#offCancel = this.#exchange.cancellation.onCancel((reason) => this.cancel(reason));
    if (this.#signal?.aborted === true) this.#onAbort();
    if (this.#settled) return;
    this.#signal?.addEventListener("abort", this.#onAbort);
    this.#send();
  }

  #send(): void {
    const { method, headers, body } = this.#outgoing;
    const { origin, path } = this.#address;
    const { proxy, tls, connectTimeoutMs } = this.#exchange;
    const route: Route = { origin, proxy, tls, connectTimeoutMs };
    try {
      this.#pools.dispatch(route, { origin, path, method, headers, body }, this);
    } catch (error) {
      this.#fail(connectionError(error, origin, proxy));
    }
    // With an idle connection, the request is written at once, so there is no connect timeout.
    if (this.#controller !== undefined || this.#settled) return;
    const expire = () => this.cancel(connectTimeout(this.#address.origin, connectTimeoutMs));
    this.#offConnectTimer = scheduleLimit(this.#clock, expire, connectTimeoutMs);
  }

  onRequestStart(controller: Controller): void {
    // A new connection belongs to the request that needs it; through a proxy it is not visible.
    this.#reused = this.connecting === undefined && this.#exchange.proxy === undefined;
    this.connecting = undefined;
    this.#stopConnectTimer();
    if (this.#settled) {
      controller.abort(this.#reason ?? new Error("settled"));
      return;
    }
    this.#controller = controller;
    this.#exchange.sent = true;
  }

  onResponseStart(controller: Controller, status: number, record: IncomingHttpHeaders): void {
    if (status < 200 || controller !== this.#controller) return;
    const headers = new WireHeaders(record);
    const body = new Body(this);
    const response = new HttpResponse(status, this.#address.href, headers, body, this.#exchange);
    this.#exchange.response = response;
    if (status === 413) this.#exchange.requestBytes = byteLength(this.#outgoing.body);
    try {
      if (status >= 300 && status < 400) this.#redirect(controller, status, headers);
      else this.#answer(response, body, contentEncoding(record["content-encoding"]));
    } catch (error) {
      body.fail(error as ModelError, true);
      this.cancel(error as ModelError);
    }
  }

  #answer(response: HttpResponse, body: Body, encoding: string | undefined): void {
    this.#body = body;
    body.tap = this.#exchange.tap;
    if (encoding !== undefined) {
      this.#decoder = new ContentDecoder(
        encoding,
        body,
        () => this.#end(body),
        (failure) => this.#onUndecodable(failure),
      );
    }
    // Starts with the first byte, because first_token_timeout limits the time before it.
    this.#silence.watch();
    this.#resolve(response);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (controller !== this.#controller || this.#settled) return;
    this.#silence.touch();
    if (this.#decoder !== undefined) this.#decoder.write(chunk);
    else this.#body?.push(chunk);
  }

  onResponseEnd(controller: Controller): void {
    if (controller !== this.#controller || this.#settled) return;
    this.#controller = undefined;
    if (this.#decoder !== undefined) this.#decoder.end();
    else if (this.#body !== undefined) this.#end(this.#body);
  }

  onResponseError(controller: Controller | null | undefined, error: Error): void {
    // A connection from before a redirect, or one that we closed.
    if (this.#settled || (controller && controller !== this.#controller)) return;
    if (isModelError(error)) this.#fail(error);
    else if (this.#silence.isDue) this.#onSilence();
    else if (this.#body !== undefined) this.#fail(new BodyCut(error));
    else this.#fail(connectionError(error, this.#address.origin, this.#exchange.proxy, this.#reused));
  }

  pause(): void {
    this.#silence.suspend();
    this.#controller?.pause();
    this.#decoder?.pause();
  }

  resume(): void {
    this.#silence.resume();
    this.#decoder?.resume();
    this.#controller?.resume();
  }

  cancel(reason: ModelError): void {
    if (this.#settled) return;
    this.#reason = reason;
    this.#settle();
    this.#closeSocket(reason);
    if (this.#body === undefined) this.#reject(reason);
    else this.#body.fail(reason, true);
  }

  #redirect(controller: Controller, status: number, headers: WireHeaders): void {
    this.#address = addressOf(redirectTarget(status, headers.get("location"), this.#address.href, this.#redirects));
    this.#redirects += 1;
    this.#controller = undefined;
    controller.abort(new Error("redirected"));
    this.#send();
  }

  #onAbort = (): void => {
    const cause = this.#signal?.reason;
    this.cancel(new ModelError({ code: "aborted", message: "The call was aborted by its caller.", cause }));
  };

  #onSilence(): void {
    const limit = this.#exchange.silenceTimeoutMs;
    const message = `${this.#address.origin} sent nothing for ${limit} ms.`;
    this.#fail(new ModelError({ code: "timed_out", phase: "silence", message }));
  }

  #onUndecodable(failure: ModelError | BodyCut): void {
    if (!this.#settled) this.#fail(failure);
  }

  #end(body: Body): void {
    if (this.#settled) return;
    this.#settle();
    body.end();
  }

  /** A failure of the connection: earlier bytes are still delivered. */
  #fail(failure: ModelError | BodyCut): void {
    if (this.#settled) return;
    this.#settle();
    this.#closeSocket(failure instanceof ModelError ? failure : undefined);
    if (this.#body !== undefined) this.#body.fail(failure, false);
    else if (failure instanceof ModelError) this.#reject(failure);
  }

  #closeSocket(reason: ModelError | undefined): void {
    const error = reason ?? new Error("closed");
    this.#decoder?.destroy();
    this.#controller?.abort(error);
    this.connecting?.destroy(error);
    this.connecting = undefined;
  }

  #settle(): void {
    this.#settled = true;
    this.#stopConnectTimer();
    this.#silence.stop();
    this.#offCancel?.();
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  #stopConnectTimer(): void {
    this.#offConnectTimer?.();
    this.#offConnectTimer = undefined;
  }
}

function byteLength(body: Outgoing["body"]): number {
  return body === null ? 0 : Buffer.byteLength(body);
}
