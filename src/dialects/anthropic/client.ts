import type { Anthropic } from "@anthropic-ai/sdk";
import type { Call } from "../../core/call.ts";
import { MAX_TIMER_MS } from "../../core/clock.ts";
import type { Client } from "../../core/dialect.ts";
import type { Target } from "../../core/target.ts";
import type { Exchange, Transport, WireInit, WireResponse } from "../../core/transport.ts";
import { targetError } from "../exchange.ts";
import type { MessagesBody } from "./encode.ts";

/** Sends a request through the SDK and gives the answer as our transport holds it. */
export const messagesClient: Client<MessagesBody> = {
  send: (body, call, exchange) =>
    // The generic verb: `messages.create` prints warnings about deprecated models on the console.
    send(call, exchange, (client, options) => client.post("/v1/messages", { ...options, body })),
};

export const countClient: Client<Anthropic.MessageCountTokensParams> = {
  send: (body, call, exchange) => send(call, exchange, (client, options) => client.messages.countTokens(body, options)),
};

type Post = (client: Anthropic, options: Anthropic.RequestOptions) => { asResponse(): Promise<Response> };

async function send(call: Call, exchange: Exchange, post: Post): Promise<WireResponse> {
  const client = await clientFor(call.target, call.transport);
  const fetchOptions = { exchange } satisfies WireInit as NonNullable<Anthropic.RequestOptions["fetchOptions"]>;
  // An explicit timeout: without one the SDK refuses long answers that are not streamed. Our own clocks run in the layers.
  const options = { headers: headersFor(call), maxRetries: 0, timeout: MAX_TIMER_MS, fetchOptions };
  await post(client, options).asResponse();
  if (exchange.response === undefined)
    throw targetError(call.target, "protocol_error", "the transport kept no response");
  return exchange.response;
}

interface Kept {
  readonly transport: Transport;
  readonly client: Promise<Anthropic>;
}

const clients = new WeakMap<Target, Kept>();

function clientFor(target: Target, transport: Transport): Promise<Anthropic> {
  const kept = clients.get(target);
  if (kept?.transport === transport) return kept.client;
  const client = makeClient(target, transport);
  clients.set(target, { transport, client });
  return client;
}

/** Every option is given, so that the SDK reads none from the environment; credentials come with each request. */
async function makeClient(target: Target, transport: Transport): Promise<Anthropic> {
  const { Anthropic } = await import("@anthropic-ai/sdk");
  return new Anthropic({
    // Without any credential the SDK would look for one in the environment and in files.
    apiKey: "sent-with-each-request",
    authToken: null,
    webhookKey: null,
    baseURL: target.address.baseUrl,
    maxRetries: 0,
    timeout: MAX_TIMER_MS,
    fetch: (url, init) => transport.fetch(url, init as WireInit),
    defaultHeaders: withoutEnvironmentHeaders(),
    logLevel: "off",
    openTelemetry: false,
  });
}

/** Headers the SDK and the environment both set; those of the SDK are put back. */
const SDK_HEADERS: Readonly<Record<string, string>> = {
  accept: "application/json",
  "content-type": "application/json",
  "anthropic-version": "2026-10-21",
};

/** The SDK adds the lines of ANTHROPIC_CUSTOM_HEADERS to every request and has no option against it but naming each. */
function withoutEnvironmentHeaders(): Record<string, string | null> {
  const removed: Record<string, string | null> = {};
  for (const line of (process.env["ANTHROPIC_CUSTOM_HEADERS"] ?? "").split("\n")) {
    const name = line
      .slice(0, Math.max(0, line.indexOf(":")))
      .trim()
      .toLowerCase();
    if (name !== "") removed[name] = SDK_HEADERS[name] ?? null;
  }
  return removed;
}

const AUTH_HEADERS = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;

function headersFor({ target, request, credential }: Call): Record<string, string | null> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...target.headers })) own[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries({ ...request.extraHeaders })) own[name.toLowerCase()] = value;
  const version = target.address.apiVersion ?? target.facts.anthropicVersion;
  return {
    authorization: null,
    // Would tell the server of a timeout that is none of ours.
    "x-stainless-timeout": null,
    ...(version !== undefined && { "anthropic-version": version }),
    ...(AUTH_HEADERS.some((name) => name in own) ? {} : authHeader(target, credential?.reveal())),
    ...own,
  };
}

function authHeader({ auth }: Target, key: string | undefined): Record<string, string> {
  if (key === undefined || auth === "none") return {};
  return auth === "bearer" ? { authorization: `Bearer ${key}` } : { [auth]: key };
}
