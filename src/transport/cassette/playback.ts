import type { Clock } from "../../core/clock.ts";
import { ModelError } from "../../core/error.ts";
import type { Exchange } from "../../core/transport.ts";
import { Body, type Flow } from "../body.ts";
import { BodyCut } from "../failure.ts";
import { WireHeaders } from "../headers.ts";
import { HttpResponse } from "../response.ts";
import type { RecordedEnd, RecordedExchange, RecordedResponse } from "./exchange-line.ts";

/** Whether a replay waits as long as the provider did. */
export type Timing = "recorded" | "none";

interface Settling {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: ModelError) => void;
}

/** Gives one recorded exchange to the reader of a response: the same chunks, and the same end. */
export class Playback implements Flow {
  readonly #recorded: RecordedExchange;
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #timing: Timing;
  readonly #settling: Settling;
  readonly #startMs: number;
  readonly #body = new Body(this);
  #answered = false;
  #settled = false;
  #paused = false;
  #waiting = false;
  #next = 0;
  #offWait = () => {};
  #offCancel = () => {};

  constructor(recorded: RecordedExchange, exchange: Exchange, clock: Clock, timing: Timing, settling: Settling) {
    this.#recorded = recorded;
    this.#exchange = exchange;
    this.#clock = clock;
    this.#timing = timing;
    this.#settling = settling;
    this.#startMs = clock.monotonic();
  }

  start(signal: AbortSignal | undefined): void {
    const { sent, response, end } = this.#recorded;
    this.#exchange.sent = sent;
    this.#offCancel = this.#exchange.cancellation.onCancel((reason) => this.cancel(reason));
    const onAbort = () => this.cancel(abortedBy(signal?.reason));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    if (this.#settled) return;
    if (response === undefined) this.#finish(end);
    else this.#at(response.atMs, () => this.#answer(response));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#advance();
  }

  cancel(reason: ModelError): void {
    if (!this.#settle()) return;
    if (this.#answered) this.#body.fail(reason, true);
    else this.#settling.reject(reason);
  }

  #answer({ status, url, headers }: RecordedResponse): void {
    this.#answered = true;
    const response = new HttpResponse(status, url, new WireHeaders(headers), this.#body, this.#exchange);
    this.#exchange.response = response;
    this.#settling.resolve(response);
    this.#advance();
  }

  #advance(): void {
    const chunk = this.#recorded.response?.chunks[this.#next];
    if (chunk === undefined) {
      this.#finish(this.#recorded.end);
      return;
    }
    const [atMs, data, encoding = "utf8"] = chunk;
    this.#at(atMs, () => {
      this.#next += 1;
      this.#body.push(Buffer.from(data, encoding));
      if (this.#paused) this.#waiting = true;
      else this.#advance();
    });
  }

  #finish(end: RecordedEnd): void {
    if (end.as === "abort") this.#stayOpen();
    else this.#at(end.atMs, () => this.#conclude(end));
  }

  #conclude(end: RecordedEnd): void {
    if (!this.#settle()) return;
    if (end.as === "end") this.#body.end();
    else if (end.as === "error") this.#fail(new ModelError(end.error));
    else if (end.as === "cut") this.#fail(new BodyCut(Object.assign(new Error(end.message), { code: end.code })));
  }

  #fail(failure: ModelError | BodyCut): void {
    if (this.#answered) this.#body.fail(failure, false);
    else if (failure instanceof ModelError) this.#settling.reject(failure);
  }

  /** The recorded program left here. This one may leave later, but must not wait forever. */
  #stayOpen(): void {
    const { silenceTimeoutMs } = this.#exchange;
    const message = `The recording ends here, because the recorded call was aborted; nothing followed for ${silenceTimeoutMs} ms.`;
    this.#offWait = this.#clock.schedule(() => {
      if (this.#settle()) this.#fail(new ModelError({ code: "timed_out", phase: "silence", message }));
    }, silenceTimeoutMs);
  }

  /** At a recorded time, or in the next turn of the event loop, so that a chunk stays a read of its own. */
  #at(atMs: number, run: () => void): void {
    if (this.#settled) return;
    if (this.#timing === "recorded") {
      this.#offWait = this.#clock.schedule(run, Math.max(0, this.#startMs + atMs - this.#clock.monotonic()));
    } else {
      const turn = setImmediate(run);
      this.#offWait = () => clearImmediate(turn);
    }
  }

  /** False if it was settled before. */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#offWait();
    this.#offCancel();
    return true;
  }
}

function abortedBy(cause: unknown): ModelError {
  return new ModelError({ code: "aborted", message: "The call was aborted by its caller.", cause });
}
