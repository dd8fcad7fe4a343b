import type { GatewayKey } from "../config/load.ts";
import { checkOptions, FUNCTION, methods, type OptionRule, type OptionRules, TEXT } from "../core/check-options.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { ConfigError } from "../core/config-error.ts";
import { ModelError } from "../core/error.ts";
import { Rejection } from "../dialects/served/problem.ts";
import { ModelFactory } from "../index.ts";
import type { AccessRecord } from "./access-log.ts";
import { type Answer, webResponse } from "./answer.ts";
import { guard, isPreflight } from "./browser-guard.ts";
import { type ClientRequest, WebRequest } from "./client-request.ts";
import { Exchange } from "./exchange.ts";
import { InFlight } from "./in-flight.ts";
import { ResponseStore } from "./response-store.ts";
import { posted, refused, routes } from "./routes.ts";
import type { ServedFactory } from "./served-factory.ts";
import { Source } from "./source.ts";
import { Turns } from "./turns.ts";

/** A server of the wire formats of OpenAI, Anthropic and Gemini, for any server with a fetch handler. */
export interface Gateway {
  /** Answers a request. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Refuses new requests, and resolves when those in flight have ended; after `drain` they are cut. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  /** Whose models are served. `close` does not close it. */
  readonly factory?: ServedFactory | undefined;
  /** The models.toml to load with the first request. Default: as `ModelFactory.load()`; without a file, the example of this package. */
  readonly config?: string | undefined;
  /** Called at the end of each request, unless `access_log = false`. */
  readonly accessLog?: ((record: AccessRecord) => void) | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
}

const FACTORY: OptionRule = { is: "a ModelFactory", accepts: (value) => value instanceof ModelFactory };

const RULES: OptionRules<GatewayOptions> = {
  factory: FACTORY,
  config: TEXT,
  accessLog: FUNCTION,
  clock: methods("a clock with now, monotonic and schedule", ["now", "monotonic", "schedule"]),
};

/**
 * Serves the models of a models.toml in the wire formats of OpenAI, Anthropic and Gemini. Clients send the name of an entry,
 * group or alias as the model.
 *
 * @throws ModelError `invalid_request` for an unknown option.
 *
 * @example
 * import { ModelFactory } from "modelwright";
 * import { gateway } from "modelwright/gateway";
 *
 * const factory = ModelFactory.parse('[models.coder]\nname = "claude-sonnet-4-5"\nprovider = "simulator"');
 * const { fetch, close } = gateway({ factory });
 * const body = JSON.stringify({ model: "coder", messages: [{ role: "user", content: "Hello" }] });
 * const response = await fetch(new Request("http://localhost/v1/chat/completions", { method: "POST", body }));
 * console.log(response.status); // 200
 * await close();
 * await factory.close();
 */
export function gateway(options: GatewayOptions = {}): Gateway {
  checkOptions(options, RULES, "gateway");
  const server = new GatewayServer(options);
  const made: Gateway = { fetch: (request) => server.fetch(request), close: () => server.close() };
  SERVERS.set(made, server);
  return made;
}

export type Answerer = (request: ClientRequest) => Promise<Answer>;

const SERVERS = new WeakMap<Gateway, GatewayServer>();

/** For our own server: answers a POST request whose path has no escapes. Never rejects. */
export function answererOf(made: Gateway): Answerer {
  const server = SERVERS.get(made) as GatewayServer;
  return (request) => server.answer(request);
}

/** How the server around the gateway gets a response. */
interface Form<Made extends { readonly status: number }> {
  /** From an answer that no route gave. */
  made(answer: Answer): Made;
  routed(exchange: Exchange): Promise<Made>;
}

const ANSWERS: Form<Answer> = { made: (answer) => answer, routed: posted };

class GatewayServer {
  readonly #clock: Clock;
  readonly #source: Source;
  readonly #responses: ResponseStore;
  readonly #accessLog: ((record: AccessRecord) => void) | undefined;
  readonly #routes = routes();
  readonly #inFlight = new InFlight();
  readonly #turns = new Turns<GatewayKey | undefined>();
  #closed: Promise<void> | undefined;
  /** `drain` of the last file that was read. */
  #drainMs = 0;

  constructor({ factory, config, accessLog, clock = systemClock }: GatewayOptions) {
    this.#clock = clock;
    this.#source = new Source(factory, config, clock.now());
    this.#responses = new ResponseStore(clock);
    this.#accessLog = accessLog;
  }

  fetch(request: Request): Promise<Response> {
    const routed = async (exchange: Exchange) => this.#routes.fetch(request, exchange);
    return this.#respond(new WebRequest(request), { made: webResponse, routed });
  }

  answer(request: ClientRequest): Promise<Answer> {
    return this.#respond(request, ANSWERS);
  }

  close(): Promise<void> {
    this.#closed ??= this.#drained();
    return this.#closed;
  }

  async #respond<Made extends { readonly status: number }>(request: ClientRequest, form: Form<Made>): Promise<Made> {
    const { pathname } = request.url;
    if (pathname === "/healthz") return form.made(ownAnswer(200, { status: "ok" }));
    if (pathname === "/readyz") return form.made(await this.#ready());
    try {
      return await this.#served(request, form);
    } catch (error) {
      const message =
        error instanceof ConfigError ? `models.toml is invalid: ${error.problems[0]?.message}` : undefined;
      const body = { error: { message: message ?? "The gateway failed.", type: "server_error", code: null } };
      return form.made(ownAnswer(500, body, { "x-should-retry": "false" }));
    }
  }

  async #ready(): Promise<Answer> {
    const problem = this.#closed === undefined ? await this.#problem() : "shutting down";
    if (problem === undefined) return ownAnswer(200, { status: "ready" });
    return ownAnswer(503, { status: "unavailable", problem });
  }

  async #problem(): Promise<string | undefined> {
    try {
      await this.#source.get();
      return undefined;
    } catch {
      return "models.toml is invalid";
    }
  }

  async #served<Made extends { readonly status: number }>(request: ClientRequest, form: Form<Made>): Promise<Made> {
    const { config, names, keys } = await this.#source.get();
    const { gateway: settings } = config;
    this.#drainMs = settings.drain;
    const guarded = guard(request, settings);
    const access = accessOf(() => keys.keyOf(request, this.#clock.now()));
    const exchange = new Exchange({
      ...{ request, clock: this.#clock, config: settings, headers: guarded.headers },
      ...{ names: names.allowedTo(access.key), key: access.key },
      responses: this.#responses.under(config, access.key?.name),
      onEnd: (ended, record) => {
        this.#inFlight.leave(ended);
        if (settings.accessLog) this.#accessLog?.(record);
      },
    });
    const refusal = this.#refusal(exchange, guarded.refusal, access.problem);
    try {
      const response = refusal === undefined ? await this.#routed(exchange, form) : form.made(refusal);
      exchange.returned(response.status);
      return response;
    } catch (error) {
      exchange.end(500, request.hasLeft);
      throw error;
    }
  }

  async #routed<Made extends { readonly status: number }>(exchange: Exchange, form: Form<Made>): Promise<Made> {
    const turn = this.#turns.take(exchange.parts.key);
    if (turn !== undefined) await turn;
    return form.routed(exchange);
  }

  /** Undefined if the request was admitted. */
  #refusal(exchange: Exchange, refusal: string | undefined, problem: Rejection | undefined): Answer | undefined {
    const { request, config, headers } = exchange.parts;
    try {
      refuseUpgrade(request);
      if (refusal !== undefined) throw new Rejection({ kind: "forbidden", message: refusal });
      if (isPreflight(request)) return { status: 204, headers };
      if (problem !== undefined) throw problem;
      if (this.#closed !== undefined) return refused(exchange, shuttingDown(), { connection: "close" });
      this.#inFlight.enter(exchange, config, exchange.parts.key);
      return undefined;
    } catch (error) {
      return refused(exchange, error);
    }
  }

  async #drained(): Promise<void> {
    await this.#inFlight.idleWithin(this.#clock, this.#drainMs);
    this.#inFlight.stop(shuttingDown());
    // The clients then get an error, and the ledger its rows.
    await this.#inFlight.idleWithin(this.#clock, LAST_WORDS_MS);
    await this.#responses.close();
    await this.#source.close();
  }
}

function ownAnswer(status: number, body: object, headers: Answer["headers"] = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** Time to end the calls that did not end within `drain`. */
const LAST_WORDS_MS = 500;

interface Access {
  readonly key?: GatewayKey | undefined;
  /** Why the request is refused. */
  readonly problem?: Rejection;
}

function accessOf(keyOf: () => GatewayKey | undefined): Access {
  try {
    return { key: keyOf() };
  } catch (error) {
    if (error instanceof Rejection) return { problem: error };
    throw error;
  }
}

/** Clients that prefer a WebSocket then use HTTP. HTTP/2 is not negotiated: such a request is served as it is. */
function refuseUpgrade(request: ClientRequest): void {
  const protocol = request.header("upgrade");
  if (protocol === null || protocol.toLowerCase() === "h2c") return;
  throw new Rejection({ kind: "invalid", status: 426, message: "Upgrades are not supported; use HTTP/1.1 requests." });
}

function shuttingDown(): ModelError {
  return new ModelError({ code: "aborted", message: "The gateway is shutting down.", retryAfterMs: 1_000 });
}
