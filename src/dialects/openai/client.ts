import type { OpenAI } from "openai";
import type { Call } from "../../core/call.ts";
import type { Client } from "../../core/dialect.ts";
import type { Target } from "../../core/target.ts";
import type { Exchange, Transport, WireInit, WireResponse } from "../../core/transport.ts";
import { targetError } from "../exchange.ts";
import type { ChatParams } from "./chat-encode.ts";
import type { CountParams } from "./count-tokens.ts";
import { requestHeaders } from "./headers.ts";
import type { ResponsesParams } from "./responses-encode.ts";

export const chatClient: Client<ChatParams> = {
  send: (params, call, exchange) =>
    exchangeOver(call, exchange, (sdk, options) => sdk.chat.completions.create(params, options).asResponse()),
};

export const responsesClient: Client<ResponsesParams> = {
  send: (params, call, exchange) =>
    exchangeOver(call, exchange, (sdk, options) => sdk.responses.create(params, options).asResponse()),
};

export const countClient: Client<CountParams> = {
  send: (params, call, exchange) =>
    exchangeOver(call, exchange, (sdk, options) => sdk.responses.inputTokens.count(params, options).asResponse()),
};

type RequestOptions = NonNullable<Parameters<OpenAI["chat"]["completions"]["create"]>[1]>;

/** The SDK writes URL, headers and body; our fetch keeps the response in the exchange. */
async function exchangeOver(
  call: Call,
  exchange: Exchange,
  send: (sdk: OpenAI, options: RequestOptions) => Promise<unknown>,
): Promise<WireResponse> {
  const sdk = await clientFor(call);
  const fetchOptions: Pick<WireInit, "exchange"> = { exchange };
  await send(sdk, {
    headers: requestHeaders(call),
    fetchOptions: fetchOptions as NonNullable<RequestOptions["fetchOptions"]>,
  });
  if (exchange.response === undefined)
    throw targetError(call.target, "protocol_error", "the transport gave no response");
  return exchange.response;
}

interface Cached {
  readonly transport: Transport;
  readonly sdk: OpenAI;
}

const clients = new WeakMap<Target, Cached>();
let loading: Promise<typeof import("openai")> | undefined;

async function clientFor(call: Call): Promise<OpenAI> {
  const { target, transport } = call;
  const cached = clients.get(target);
  if (cached?.transport === transport) return cached.sdk;
  loading ??= import("openai");
  const sdk = createClient(await loading, target, transport);
  clients.set(target, { transport, sdk });
  return sdk;
}

/** The largest delay a timer takes: clocks are kept by our layers, so the SDK's must not strike first. */
const NO_TIMEOUT_MS = 2_147_483_647;
/** The SDK insists on a key; what is really sent is decided for every request. */
const NO_KEY = "none";

/** Every option the SDK would otherwise read from the environment is given. */
function createClient({ OpenAI, AzureOpenAI }: typeof import("openai"), target: Target, transport: Transport): OpenAI {
  const { baseUrl, organization, project, apiVersion, azure } = target.address;
  const options = {
    apiKey: NO_KEY,
    adminAPIKey: null,
    webhookSecret: null,
    organization: organization ?? null,
    project: project ?? null,
    maxRetries: 0,
    timeout: NO_TIMEOUT_MS,
    logLevel: "off" as const,
    defaultHeaders: {},
    fetch: (url: string | URL | Request, init?: RequestInit) => transport.fetch(url, init as WireInit),
  };
  if (azure !== true) return withoutCustomHeaders(() => new OpenAI({ ...options, baseURL: baseUrl }));
  if (apiVersion === undefined) throw targetError(target, "invalid_request", "Azure's dated API needs api_version");
  return withoutCustomHeaders(() => new AzureOpenAI({ ...options, apiVersion, baseURL: azureBaseUrl(baseUrl) }));
}

/** A resource's address gets the path of the API; an address with a path is the API's own. */
function azureBaseUrl(baseUrl: string): string {
  return new URL(baseUrl).pathname === "/" ? new URL("/openai", baseUrl).href : baseUrl;
}

/**
 * openai 7 adds the lines of this variable to every request, and no option of its constructor prevents that. Nothing else
 * runs while it is hidden.
 */
function withoutCustomHeaders<T>(create: () => T): T {
  const name = "OPENAI_CUSTOM_HEADERS";
  const value = process.env[name];
  if (value === undefined) return create();
  delete process.env[name];
  try {
    return create();
  } finally {
    process.env[name] = value;
  }
}
