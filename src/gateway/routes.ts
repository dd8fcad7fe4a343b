import { type Context, Hono } from "hono";
import type { WireName } from "../core/wire-name.ts";
import { Rejection } from "../dialects/served/problem.ts";
import { type Answer, webResponse } from "./answer.ts";
import type { Arrival } from "./arrival.ts";
import { countTokens } from "./count-tokens.ts";
import { embed } from "./embed.ts";
import type { Exchange } from "./exchange.ts";
import { generate } from "./generate.ts";
import { jsonAnswer, problemAnswer } from "./json-answer.ts";
import { failureOf } from "./problems.ts";
import { deleteResponse, showResponse } from "./stored-responses.ts";
import { GATEWAY_WIRES, wireOfPath } from "./wires.ts";

interface Env {
  readonly Bindings: Exchange;
}

type Action = (arrival: Arrival) => Promise<Answer> | Answer;
type Place = Partial<Pick<Arrival, "model" | "streaming" | "asArray">>;

/** What a request asks for. */
interface Endpoint {
  readonly wire: WireName;
  readonly action: Action;
  readonly place?: Place;
}

/** The endpoints of calls, except those of Gemini, whose paths have the name of the model. */
const POSTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["/v1/chat/completions", { wire: "openai", action: generate }],
  ["/v1/responses", { wire: "openai-responses", action: generate }],
  ["/v1/responses/input_tokens", { wire: "openai-responses", action: countTokens }],
  ["/v1/embeddings", { wire: "openai", action: embed }],
  ["/v1/messages", { wire: "anthropic", action: generate }],
  ["/v1/messages/count_tokens", { wire: "anthropic", action: countTokens }],
]);

const GOOGLE_MODELS = "/v1beta/models/";

/** The endpoints of all wire formats. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>();
  for (const [path, endpoint] of POSTS) app.post(path, respond(endpoint));
  app.get("/v1/responses/:id", (context) => forResponse(context, showResponse));
  app.delete("/v1/responses/:id", (context) => forResponse(context, deleteResponse));
  app.get("/v1/models", (context) => responded(context, { wire: likelyWire(context.env), action: listModels }));
  app.get("/v1/models/:id{.+}", (context) => forModel(context, likelyWire(context.env)));
  app.get("/v1beta/models", respond({ wire: "google", action: listModels }));
  app.get("/v1beta/models/:id{.+}", (context) => forModel(context, "google"));
  app.post(`${GOOGLE_MODELS}:call{.+}`, (context) =>
    responded(context, googleCall(context.req.param("call") ?? "", context.env)),
  );
  app.notFound((context) => responded(context, { wire: likelyWire(context.env), action: unknownPath }));
  return app;
}

/** Answers a POST request whose path has no escapes, as `routes` does, but without the objects of the web. */
export function posted(exchange: Exchange): Promise<Answer> {
  const { pathname } = exchange.url;
  const known = POSTS.get(pathname);
  if (known !== undefined) return performed(exchange, known);
  const isGoogle = pathname.startsWith(GOOGLE_MODELS) && pathname.length > GOOGLE_MODELS.length;
  if (isGoogle) return performed(exchange, googleCall(pathname.slice(GOOGLE_MODELS.length), exchange));
  return performed(exchange, { wire: likelyWire(exchange), action: unknownPath });
}

/** A failure before a route was chosen. */
export function refused(exchange: Exchange, error: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return problemAnswer(exchange.arrival(GATEWAY_WIRES[likelyWire(exchange)]), failureOf(error), headers);
}

async function performed(exchange: Exchange, { wire, action, place }: Endpoint): Promise<Answer> {
  const arrival = exchange.arrival(GATEWAY_WIRES[wire], place);
  try {
    return await action(arrival);
  } catch (error) {
    const failure = failureOf(error);
    arrival.note(failure.facts);
    return problemAnswer(arrival, failure);
  }
}

async function responded(context: Context<Env>, endpoint: Endpoint): Promise<Response> {
  return webResponse(await performed(context.env, endpoint));
}

function respond(endpoint: Endpoint): (context: Context<Env>) => Promise<Response> {
  return (context) => responded(context, endpoint);
}

function forResponse(context: Context<Env>, action: Action): Promise<Response> {
  return responded(context, { wire: "openai-responses", action, place: { model: context.req.param("id") } });
}

function forModel(context: Context<Env>, wire: WireName): Promise<Response> {
  return responded(context, { wire, action: showModel, place: { model: context.req.param("id") } });
}

const GOOGLE_ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["generateContent", generate],
  ["streamGenerateContent", generate],
  ["countTokens", countTokens],
  ["embedContent", embed],
  ["batchEmbedContents", embed],
]);

/** The path ends with the model and the action: `models/NAME:generateContent`. */
function googleCall(call: string, { url }: Exchange): Endpoint {
  const at = call.lastIndexOf(":");
  const verb = call.slice(at + 1);
  const streaming = verb === "streamGenerateContent";
  const asArray = streaming && url.searchParams.get("alt") !== "sse";
  const place = { model: call.slice(0, Math.max(0, at)), streaming, asArray };
  return { wire: "google", action: GOOGLE_ACTIONS.get(verb) ?? unknownPath, place };
}

async function listModels(arrival: Arrival): Promise<Answer> {
  return jsonAnswer(arrival, 200, arrival.wire.models(await arrival.names.list(arrival.request)));
}

function showModel(arrival: Arrival): Answer {
  return jsonAnswer(arrival, 200, arrival.wire.model(arrival.names.listed(arrival.model ?? "")));
}

function unknownPath({ request, path }: Arrival): never {
  throw new Rejection({
    kind: "not-found",
    message: `Unknown request URL: ${request.method} ${path}`,
    code: "unknown_url",
  });
}

/** The wire format of a path that several have, or none. */
function likelyWire({ url, parts }: Exchange): WireName {
  return wireOfPath(url.pathname) ?? (parts.request.header("anthropic-version") === null ? "openai" : "anthropic");
}
