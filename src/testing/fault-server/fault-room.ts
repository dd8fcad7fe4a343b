import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { parseJson } from "../../dialects/served/json.ts";
import { maskedHeaders, maskedPath } from "../../simulator/record.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { Connection } from "./connection.ts";
import { matches } from "./match.ts";
import type { FaultServerOptions } from "./options.ts";
import { playScript, type Stage } from "./play-script.ts";
import { RateLimiter, type RateVerdict, tokensOf } from "./rate-limiter.ts";
import type { OpenRecord } from "./received-request.ts";
import { type RawRequest, RequestReader } from "./request-reader.ts";
import type { FaultScript, RateLimits } from "./step.ts";
import { TEST_CERTIFICATES } from "./test-certificates.ts";
import { tunnel } from "./tunnel.ts";

/** The state of one server: its connections, recorded requests, and the state that scripts share. */
export class FaultRoom {
  readonly server: Server;
  readonly requests: OpenRecord[] = [];
  readonly connections = new Set<Connection>();
  opened = 0;
  readonly #options: FaultServerOptions;
  readonly #startedMs = performance.now();
  readonly #taken = new Map<readonly FaultScript[], number>();
  readonly #limiters = new Map<string, RateLimiter>();
  readonly #barriers = new Map<string, (() => void)[]>();

  constructor(options: FaultServerOptions) {
    this.#options = options;
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#connected(socket));
  }

  #connected(raw: Socket): void {
    this.opened += 1;
    const connection = new Connection(this.opened, raw, this.#secured(raw));
    this.connections.add(connection);
    connection.closed.addEventListener("abort", () => this.connections.delete(connection), { once: true });
    raw.on("error", () => {});
    connection.stream.on("error", () => connection.destroy());
    this.#serve(connection);
  }

  #secured(raw: Socket): Socket {
    const { tls } = this.#options;
    if (tls === undefined) return raw;
    return new TLSSocket(raw, { isServer: true, ...TEST_CERTIFICATES[tls.cert ?? "good"] });
  }

  /** Requests of one connection are answered in order. */
  #serve(connection: Connection): void {
    const reader = new RequestReader();
    let turn = Promise.resolve();
    let waiting = 0;
    const onData = (bytes: Buffer) => {
      for (const request of reader.read(bytes)) {
        if (request.method === "CONNECT") connection.stream.off("data", onData);
        waiting += 1;
        const record = this.#recorded(request, connection);
        turn = turn.then(() => this.#answer(request, record, connection, reader)).finally(() => (waiting -= 1));
      }
    };
    connection.stream.on("data", onData);
    connection.stream.once("end", () => waiting === 0 && connection.destroy());
  }

  #recorded(request: RawRequest, connection: Connection): OpenRecord {
    const text = request.body.toString("utf8");
    const record: OpenRecord = {
      connection: connection.number,
      arrivedMs: this.#nowMs(),
      method: request.method,
      path: pathOf(request),
      headers: maskedHeaders(request.headers),
      body: parseJson(text) ?? (text === "" ? undefined : text),
      bytes: request.bytes,
      bytesWritten: 0,
      bytesWrittenAfterClose: 0,
      closedByPeerMs: undefined,
      closedMs: undefined,
      playedMs: undefined,
    };
    this.requests.push(record);
    return record;
  }

  async #answer(request: RawRequest, record: OpenRecord, connection: Connection, reader: RequestReader): Promise<void> {
    const { split = 0, eol } = this.#options;
    Object.assign(connection, { segmentBytes: split, gapMs: 0 });
    this.#watch(record, connection);
    const answer = new AnswerWriter(connection, this.#options.keepAlive === true, eol);
    const stage: Stage = {
      connection,
      answer,
      fixedLineEnd: eol !== undefined,
      fixedSegments: split > 0,
      arrived: (name, requests) => this.#barrier(name, requests, connection),
      rate: (limits) => this.#rate(limits, record),
      tunnel: () => tunnel(connection, request.target, reader.rest()),
    };
    await playScript(this.#scriptFor(request), stage);
    record.playedMs = this.#nowMs();
    if (connection.stream.readableEnded) connection.destroy();
  }

  /** Records when the connection of this request is closed. */
  #watch(record: OpenRecord, connection: Connection): void {
    const before = connection.bytesWritten;
    let atClose: number | undefined;
    const written = () => connection.bytesWritten - before;
    Object.defineProperties(record, {
      bytesWritten: { enumerable: true, get: written },
      bytesWrittenAfterClose: { enumerable: true, get: () => (atClose === undefined ? 0 : written() - atClose) },
    });
    const left = () => {
      record.closedByPeerMs ??= this.#nowMs();
      atClose ??= written();
    };
    // Each request of a kept-alive connection listens for its end.
    connection.stream.setMaxListeners(0);
    connection.stream.once("end", left);
    connection.stream.once("error", left);
    connection.closed.addEventListener(
      "abort",
      () => {
        record.closedMs = this.#nowMs();
      },
      { once: true },
    );
  }

  #scriptFor(request: RawRequest): FaultScript {
    const route = this.#options.routes?.find(({ match }) => matches(match, request));
    const attempts = route?.attempts ?? this.#options.attempts ?? [];
    const index = this.#taken.get(attempts) ?? 0;
    this.#taken.set(attempts, index + 1);
    return attempts[Math.min(index, attempts.length - 1)] ?? [];
  }

  #rate(limits: RateLimits, { body, bytes }: OpenRecord): RateVerdict {
    const key = JSON.stringify(limits);
    const limiter = this.#limiters.get(key) ?? new RateLimiter(limits, this.#nowMs());
    this.#limiters.set(key, limiter);
    return limiter.take(tokensOf(body, bytes), this.#nowMs());
  }

  #barrier(name: string, requests: number, connection: Connection): Promise<void> {
    const held = this.#barriers.get(name) ?? [];
    this.#barriers.set(name, held);
    const passed = new Promise<void>((resolve) => {
      held.push(resolve);
      connection.closed.addEventListener("abort", () => resolve(), { once: true });
    });
    if (held.length >= requests) for (const release of held) release();
    return passed;
  }

  #nowMs(): number {
    return performance.now() - this.#startedMs;
  }
}

function pathOf({ method, target }: RawRequest): string {
  const url = method === "CONNECT" ? null : URL.parse(target, "http://localhost");
  return url === null ? target : maskedPath(url);
}
