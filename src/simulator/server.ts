import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ANYTHING, checkOptions, either, FLAG, FUNCTION, type OptionRules, TEXT } from "../core/check-options.ts";
import { addsVersion, type WireName } from "../core/wire-name.ts";
import type { SimulatedAnswer } from "../dialects/served/answer.ts";
import { idOf } from "../dialects/served/hash.ts";
import { asObject, asString, parseJson } from "../dialects/served/json.ts";
import type { SimulatedRequest } from "../dialects/served/request.ts";
import { checkFaults } from "./check-fault.ts";
import { deliver } from "./delivery.ts";
import { type Fault, FaultScript } from "./fault.ts";
import { PromptCache } from "./prompt-cache.ts";
import { credentialOf, maskedHeaders, maskedPath, type RecordedRequest, type WritableRecord } from "./record.ts";
import { type Memory, respond } from "./respond.ts";
import { type Route, routeOf } from "./route.ts";

export type { ProblemKind } from "../core/problem-kind.ts";
export type { WireName } from "../core/wire-name.ts";
export type { SimulatedAnswer, SimulatedFinish, SimulatedUsage } from "../dialects/served/answer.ts";
export type {
  PromptSegment,
  ReasoningWish,
  SimulatedRequest,
  SimulatedTool,
  SimulatedTurn,
  ToolResult,
} from "../dialects/served/request.ts";
export type { Fault } from "./fault.ts";
export type { RecordedRequest } from "./record.ts";

/** A running simulator. */
export interface Simulator {
  /** Its origin, for example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** The `base_url` for a wire format: with `/v1` for the OpenAI wires, without a version for the others. */
  baseUrl(wire: WireName): string;
  /** All requests since the start or the last `reset`, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /**
   * Adds steps for the next requests, in order of arrival.
   * @throws ModelError `invalid_request` if a step has an unknown key or kind; then no step is added.
   */
  script(...steps: Fault[]): void;
  /** Deletes requests, script, prompt cache and stored responses. */
  reset(): void;
  /** Closes the server and every connection. */
  close(): Promise<void>;
}

export interface SimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  readonly script?: readonly Fault[];
  /** Returns custom answers; `undefined`: the simulator generates one. */
  readonly answers?: (request: SimulatedRequest) => SimulatedAnswer | undefined;
  /** Delay between the events of a stream, milliseconds; default 0. */
  readonly delayMs?: number;
  /** Seed of the generated text. Default 0. */
  readonly seed?: number | string;
  /** Do not keep the process alive; default false. */
  readonly unref?: boolean;
}

/** Larger bodies are rejected with 413. */
const MAX_BYTES = 32 * 1024 * 1024;

const MAX_PORT = 65_535;

/**
 * Starts a provider on 127.0.0.1 with four wire formats: OpenAI chat completions and responses, Anthropic messages, Gemini
 * generateContent. The path selects the format. Answers are deterministic, need no key and no network, and are labeled as
 * simulated. The key `invalid` is rejected with 401.
 *
 * @throws ModelError `invalid_request` for an unknown option, an unknown key or kind in the script, or a port out of
 * range; Node's own error (`EADDRINUSE`) when the port is taken.
 *
 * @example
 * import { startSimulator } from "modelwright/testing";
 *
 * const simulator = await startSimulator({ script: [{ kind: "rate-limit", retryAfter: 1 }] });
 * // … requests to simulator.baseUrl("openai"): the first is answered 429, the others with simulated text
 * await simulator.close();
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  return (await startBounded(options, Number.POSITIVE_INFINITY)).simulator;
}

/** A simulator that keeps only its last requests unless it is told to keep all. */
export interface BoundedSimulator {
  readonly simulator: Simulator;
  keepAll(): void;
}

/** The same for a program that may run for weeks and never reads the requests. */
export async function startBounded(options: SimulatorOptions, most: number): Promise<BoundedSimulator> {
  checkOptions(options, RULES, "startSimulator");
  checkFaults(options.script ?? []);
  const room = new Room(options, most);
  const server = createServer((request, response) => void room.handle(request, response));
  // Idle connections are kept until close(), because closing them would race with the client's next request.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, timeout: 0 });
  if (options.unref === true) server.on("connection", (socket: Socket) => socket.unref());
  await listening(server, options.port ?? 0);
  if (options.unref === true) server.unref();
  return { simulator: simulatorOf(server, room), keepAll: () => room.keepAll() };
}

const RULES: OptionRules<SimulatorOptions> = {
  port: {
    is: `an integer from 0 to ${MAX_PORT}`,
    accepts: (port) => Number.isInteger(port) && (port as number) >= 0 && (port as number) <= MAX_PORT,
  },
  script: ANYTHING,
  answers: FUNCTION,
  delayMs: { is: "a number of milliseconds", accepts: (delay) => typeof delay === "number" && delay >= 0 },
  seed: either({ is: "a number", accepts: (seed) => typeof seed === "number" }, TEXT),
  unref: FLAG,
};

function simulatorOf(server: Server, room: Room): Simulator {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    baseUrl: (wire) => (addsVersion(wire) ? url : `${url}/v1`),
    get requests() {
      return room.requests;
    },
    script: (...steps) => {
      checkFaults(steps);
      room.script.add(steps);
    },
    reset: () => room.reset(),
    close: () => closed(server, room),
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server, room: Room): Promise<void> {
  room.shut();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The state of one simulator, and the handling of its requests. */
class Room {
  readonly script = new FaultScript();
  readonly #options: SimulatorOptions;
  readonly #memory: Memory = { cache: new PromptCache(), history: new Map() };
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #startedMs = performance.now();
  readonly #cutHere = new WeakSet<ServerResponse>();
  #closing = false;
  #requests: WritableRecord[] = [];
  #arrivals = 0;
  #most: number;

  constructor(options: SimulatorOptions, most: number) {
    this.#options = options;
    this.#most = most;
    this.script.add(options.script ?? []);
  }

  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  reset(): void {
    this.#requests = [];
    this.script.clear();
    this.#memory.cache.clear();
    this.#memory.history.clear();
  }

  keepAll(): void {
    this.#most = Number.POSITIVE_INFINITY;
  }

  shut(): void {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const route = routeOf(request.method ?? "GET", url, request.headers);
    const record = this.#recorded(request, url, route);
    this.#watch(response, record);
    const read = await readBody(request);
    if (read === undefined) return;
    const body = parseJson(read.text);
    record.body = body ?? (read.text === "" ? undefined : read.text);
    record.model = asString(asObject(body)?.model) ?? route.model;
    await this.#answer(request, response, record, { url, route, body, tooLarge: read.tooLarge });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, record: WritableRecord, seen: Seen): Promise<void> {
    const fault = this.script.take({ model: record.model, path: record.path });
    if (fault?.delayMs !== undefined) await this.#wait(fault.delayMs);
    if (response.destroyed) return;
    if (fault?.reset === true) {
      this.#cutHere.add(response);
      request.socket.resetAndDestroy();
      return;
    }
    const requestId = idOf("req_", this.#options.seed ?? 0, this.#arrivals);
    this.#arrivals += 1;
    const delivery = respond({
      ...seen,
      path: seen.url.pathname,
      headers: request.headers,
      credential: credentialOf(request.headers, seen.url),
      requestId,
      nowMs: Date.now(),
      fault,
      seed: String(this.#options.seed ?? 0),
      memory: this.#memory,
      answers: this.#options.answers,
    });
    record.status = delivery.status;
    if (delivery.ending === "cut") this.#cutHere.add(response);
    await deliver(delivery, response, { delayMs: this.#options.delayMs ?? 0, wait: (delayMs) => this.#wait(delayMs) });
  }

  #recorded(request: IncomingMessage, url: URL, route: Route): WritableRecord {
    const record: WritableRecord = {
      method: request.method ?? "GET",
      path: maskedPath(url),
      headers: maskedHeaders(request.headers),
      body: undefined,
      arrivedMs: this.#nowMs(),
      wire: route.wire,
      model: route.model,
      status: undefined,
    };
    this.#requests.push(record);
    // By halves, because each removal moves all that stay.
    if (this.#requests.length >= this.#most * 2) this.#requests = this.#requests.slice(-this.#most);
    return record;
  }

  /** If we neither ended nor cut a response that closes, the peer disconnected. */
  #watch(response: ServerResponse, record: WritableRecord): void {
    response.on("close", () => {
      if (!response.writableFinished && !this.#cutHere.has(response) && !this.#closing)
        record.closedByPeerMs = this.#nowMs();
    });
  }

  #nowMs(): number {
    return performance.now() - this.#startedMs;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, delayMs);
      this.#timers.add(timer);
      if (this.#options.unref === true) timer.unref();
    });
  }
}

interface Seen {
  readonly url: URL;
  readonly route: Route;
  readonly body: unknown;
  readonly tooLarge: boolean;
}

/** The complete body; one that is too large is read and discarded. `undefined` if the peer disconnected. */
async function readBody(request: IncomingMessage): Promise<{ text: string; tooLarge: boolean } | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes <= MAX_BYTES) pieces.push(piece);
    }
  } catch {
    return undefined;
  }
  const tooLarge = bytes > MAX_BYTES;
  return { text: tooLarge ? "" : Buffer.concat(pieces).toString("utf8"), tooLarge };
}
