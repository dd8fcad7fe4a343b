import { type Context, Hono } from "hono";
import type { WireName } from "../core/wire-name.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { Arrival } from "./arrival.ts";
import { countTokens } from "./count-tokens.ts";
import { embed } from "./embed.ts";
import type { Exchange } from "./exchange.ts";
import { generate } from "./generate.ts";
import { failureOf } from "./problems.ts";
import { jsonResponse, problemResponse } from "./responses.ts";
import { deleteResponse, showResponse } from "./stored-responses.ts";
import { GATEWAY_WIRES, wireOfPath } from "./wires.ts";

interface Env {
  readonly Bindings: Exchange;
}

type Action = (arrival: Arrival) => Promise<Response> | Response;
type Place = Partial<Pick<Arrival, "model" | "streaming" | "asArray">>;

/** The endpoints of all wire formats. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>();
  app.post("/v1/chat/completions", endpoint("openai", generate));
  app.post("/v1/responses", endpoint("openai-responses", generate));
  app.post("/v1/responses/input_tokens", endpoint("openai-responses", countTokens));
  app.get("/v1/responses/:id", (context) => forResponse(context, showResponse));
  app.delete("/v1/responses/:id", (context) => forResponse(context, deleteResponse));
  app.post("/v1/embeddings", endpoint("openai", embed));
  app.post("/v1/messages", endpoint("anthropic", generate));
  app.post("/v1/messages/count_tokens", endpoint("anthropic", countTokens));
  app.get("/v1/models", (context) => performed(context, likelyWire(context.env), listModels));
  app.get("/v1/models/:id{.+}", (context) =>
    performed(context, likelyWire(context.env), showModel, { model: context.req.param("id") }),
  );
  app.get("/v1beta/models", endpoint("google", listModels));
  app.get("/v1beta/models/:id{.+}", (context) =>
    performed(context, "google", showModel, { model: context.req.param("id") }),
  );
  app.post("/v1beta/models/:call{.+}", callGoogle);
  app.notFound((context) => performed(context, likelyWire(context.env), unknownPath));
  return app;
}

/** A failure before a route was chosen. */
export function refused(exchange: Exchange, error: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return problemResponse(exchange.arrival(GATEWAY_WIRES[likelyWire(exchange)]), failureOf(error), headers);
}

function endpoint(wire: WireName, action: Action) {
  return (context: Context<Env>) => performed(context, wire, action);
}

async function performed(context: Context<Env>, wire: WireName, action: Action, place: Place = {}): Promise<Response> {
  const arrival = context.env.arrival(GATEWAY_WIRES[wire], place);
  try {
    return await action(arrival);
  } catch (error) {
    const failure = failureOf(error);
    arrival.note(failure.facts);
    return problemResponse(arrival, failure);
  }
}

function forResponse(context: Context<Env>, action: Action): Promise<Response> {
  return performed(context, "openai-responses", action, { model: context.req.param("id") });
}

const GOOGLE_ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["generateContent", generate],
  ["streamGenerateContent", generate],
  ["countTokens", countTokens],
  ["embedContent", embed],
  ["batchEmbedContents", embed],
]);

/** The path ends with the model and the action: `models/NAME:generateContent`. */
function callGoogle(context: Context<Env>): Promise<Response> {
  const call = context.req.param("call") ?? "";
  const at = call.lastIndexOf(":");
  const verb = call.slice(at + 1);
  const streaming = verb === "streamGenerateContent";
  const asArray = streaming && context.env.url.searchParams.get("alt") !== "sse";
  const place = { model: call.slice(0, Math.max(0, at)), streaming, asArray };
  return performed(context, "google", GOOGLE_ACTIONS.get(verb) ?? unknownPath, place);
}

async function listModels(arrival: Arrival): Promise<Response> {
  const { names, wire, request } = arrival;
  return jsonResponse(arrival, 200, wire.models(await names.list(request.signal)));
}

function showModel(arrival: Arrival): Response {
  return jsonResponse(arrival, 200, arrival.wire.model(arrival.names.listed(arrival.model ?? "")));
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
  return wireOfPath(url.pathname) ?? (parts.request.headers.has("anthropic-version") ? "anthropic" : "openai");
}
