import type { CountTokensParameters, GenerateContentParameters, GoogleGenAI, HttpOptions } from "@google/genai";
import type { Call } from "../../core/call.ts";
import type { Client } from "../../core/dialect.ts";
import type { Target } from "../../core/target.ts";
import type { Exchange, WireResponse } from "../../core/transport.ts";
import { targetError } from "../exchange.ts";
import { googleAddress } from "./address.ts";

/** Sends a request through the SDK and gives the answer as our transport holds it. */
export const generateClient: Client<GenerateContentParameters> = {
  async send(params, call, exchange) {
    const { models } = await clientFor(call.target);
    const config = {
      ...params.config,
      // Both would make the SDK send requests of its own.
      automaticFunctionCalling: { disable: true },
      automaticContinuation: false,
      httpOptions: { ...params.config?.httpOptions, fetch: fetchFor(call, exchange) },
    };
    if (call.streaming) await models.generateContentStream({ ...params, config });
    else await models.generateContent({ ...params, config });
    return answerOf(call, exchange);
  },
};

export const countClient: Client<CountTokensParameters> = {
  async send(params, call, exchange) {
    const { models } = await clientFor(call.target);
    const vertex = call.target.address.vertexProject !== undefined;
    const { systemInstruction, tools, ...config } = params.config ?? {};
    const whole = vertex || (systemInstruction === undefined && tools === undefined);
    const httpOptions: HttpOptions = {
      ...config.httpOptions,
      fetch: fetchFor(call, exchange, whole ? undefined : (body) => countedWhole(body, params)),
    };
    await models.countTokens({ ...params, config: { ...(vertex && params.config), ...config, httpOptions } });
    return answerOf(call, exchange);
  },
};

/**
 * The Gemini API counts instructions and tools only inside a whole request, which the SDK has no parameter for.
 * https://ai.google.dev/api/tokens#request-body
 */
function countedWhole(body: string, { model, config }: CountTokensParameters): string {
  const { contents } = JSON.parse(body) as { contents: unknown };
  const { systemInstruction, tools } = config ?? {};
  const request = {
    model: model.startsWith("models/") ? model : `models/${model}`,
    contents,
    systemInstruction,
    tools,
  };
  return JSON.stringify({ generateContentRequest: request });
}

function answerOf(call: Call, exchange: Exchange): WireResponse {
  if (exchange.response === undefined)
    throw targetError(call.target, "protocol_error", "the transport kept no response");
  return exchange.response;
}

type Fetch = NonNullable<HttpOptions["fetch"]>;

/** Our transport keeps the answer; the SDK gets an empty one to read, but sees the status and body of an error. */
function fetchFor(call: Call, exchange: Exchange, rewrite?: (body: string) => string): Fetch {
  return async (url, init) => {
    const headers = new Headers(init?.headers);
    headers.delete(PLACEHOLDER_HEADER);
    for (const [name, value] of Object.entries(headersFor(call))) headers.set(name, value);
    const body = rewrite !== undefined && typeof init?.body === "string" ? { body: rewrite(init.body) } : {};
    const response = await call.transport.fetch(url, { ...init, ...body, headers, exchange });
    return response.ok ? new Response("{}", { headers: { "content-type": "application/json" } }) : response;
  };
}

const clients = new WeakMap<Target, Promise<GoogleGenAI>>();

function clientFor(target: Target): Promise<GoogleGenAI> {
  let client = clients.get(target);
  if (client === undefined) {
    client = makeClient(target);
    clients.set(target, client);
  }
  return client;
}

const PLACEHOLDER_HEADER = "x-goog-api-key";

/** Every option is given, so that the SDK reads none from the environment; credentials come with each request. */
async function makeClient(target: Target): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import("@google/genai");
  const { baseUrl, apiVersion, vertex } = googleAddress(target.address);
  return new GoogleGenAI({
    // Without a key the SDK would look for one in the environment, and for Vertex ask Google's token servers.
    apiKey: "sent-with-each-request",
    enterprise: vertex !== undefined,
    ...vertex,
    apiVersion,
    httpOptions: { baseUrl, apiVersion },
  });
}

const AUTH_HEADERS = ["authorization", "x-goog-api-key", "x-api-key", "api-key"] as const;

function headersFor({ target, request, credential }: Call): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(target.headers)) own[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(request.extraHeaders)) own[name.toLowerCase()] = value;
  const authorized = AUTH_HEADERS.some((name) => name in own);
  return { ...(authorized ? {} : authHeader(target, credential?.reveal())), ...own };
}

function authHeader({ auth }: Target, key: string | undefined): Record<string, string> {
  if (key === undefined || auth === "none") return {};
  return auth === "bearer" ? { authorization: `Bearer ${key}` } : { [auth]: key };
}
