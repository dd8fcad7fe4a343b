import type { OpenAI } from "openai";
import { MAX_TIMER_MS } from "../../core/clock.ts";
import type { Client } from "../../core/dialect.ts";
import type { Operation } from "../../core/operation.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import type { Exchange, WireInit, WireResponse } from "../../core/transport.ts";
import { ClientCache } from "../client-cache.ts";
import { clientCredential, clientHeaders, requestHeaders } from "../credential-headers.ts";
import { withoutVariables } from "../environment.ts";
import type { PageParams } from "../model-list.ts";
import { responseOf, sdkFetch, templated } from "../request-template.ts";
import { requirePathName } from "../url-path.ts";
import type { ChatParams } from "./chat-encode.ts";
import type { CountParams } from "./count-tokens.ts";
import type { EmbeddingParams } from "./embeddings.ts";
import type { ResponsesParams } from "./responses-encode.ts";

export const chatClient: Client<ChatParams> = templated({
  body: bodyOf,
  send: (params, operation, exchange) =>
    through(operation, exchange, (sdk, options) => sdk.chat.completions.create(params, options).asResponse()),
});

export const responsesClient: Client<ResponsesParams> = templated({
  body: bodyOf,
  send: (params, operation, exchange) =>
    through(operation, exchange, (sdk, options) => sdk.responses.create(params, options).asResponse()),
});

/** With an encoding in the params, the SDK neither adds one nor decodes the vectors. */
export const embeddingClient: Client<EmbeddingParams> = templated({
  body: bodyOf,
  send: (params, operation, exchange) =>
    through(operation, exchange, (sdk, options) => sdk.embeddings.create(params, options).asResponse()),
});

/** The SDK sends the params unchanged. Azure's dated API has the model in the path. */
function bodyOf<Params extends object>(params: Params, { address }: Target): Params | undefined {
  return address.azure === true ? undefined : params;
}

export const countClient: Client<CountParams> = {
  send: (params, operation, exchange) =>
    exchangeOver(operation, exchange, (sdk, options) => sdk.responses.inputTokens.count(params, options).asResponse()),
};

/** The list has one page. */
export const listClient: Client<PageParams> = {
  send: (_, operation, exchange) =>
    exchangeOver(operation, exchange, (sdk, options) => sdk.models.list(options).asResponse()),
};

type RequestOptions = NonNullable<Parameters<OpenAI["chat"]["completions"]["create"]>[1]>;

async function exchangeOver(
  operation: Operation,
  exchange: Exchange,
  send: (sdk: OpenAI, options: RequestOptions) => Promise<unknown>,
): Promise<WireResponse> {
  await through(operation, exchange, send);
  return responseOf(operation, exchange);
}

/** The SDK builds URL, headers and body; our fetch stores the response in the exchange. */
async function through(
  operation: Operation,
  exchange: Exchange,
  send: (sdk: OpenAI, options: RequestOptions) => Promise<unknown>,
): Promise<void> {
  // Azure's dated API has the deployment in its path, unescaped.
  if (operation.target.address.azure === true) requirePathName(operation.target, "name", operation.target.modelId);
  const sdk = await clients.clientFor(operation);
  const headers = requestHeaders(operation);
  const fetchOptions = { exchange } satisfies WireInit as NonNullable<RequestOptions["fetchOptions"]>;
  await send(sdk, headers === undefined ? { fetchOptions } : { headers, fetchOptions });
}

/** The SDK requires a key, even if none is sent. */
const NO_KEY = "none";

export const clients = new ClientCache(() => import("openai"), createClient);

/** Passes every option that the SDK would otherwise read from the environment. Our layers handle timeouts, not the SDK. */
function createClient({ OpenAI, AzureOpenAI }: typeof import("openai"), operation: Operation): OpenAI {
  const { target, transport } = operation;
  const { baseUrl, organization, project, apiVersion, azure } = target.address;
  // AzureOpenAI would send a bearer token as the `api-key` header.
  const { bearer, headers } =
    azure === true ? { bearer: undefined, headers: clientHeaders(operation) } : clientCredential(operation);
  const options = {
    apiKey: bearer ?? NO_KEY,
    adminAPIKey: null,
    webhookSecret: null,
    organization: organization ?? null,
    project: project ?? null,
    maxRetries: 0,
    timeout: MAX_TIMER_MS,
    logLevel: "off" as const,
    defaultHeaders: azure === true ? { "api-key": null, ...headers } : headers,
    fetch: (url: string | URL | Request, init?: RequestInit) => sdkFetch(transport, url, init as WireInit),
  };
  return withoutVariables(["OPENAI_", "AZURE_OPENAI_"], () => {
    if (azure !== true) return new OpenAI({ ...options, baseURL: baseUrl });
    if (apiVersion === undefined) throw targetError(target, "invalid_request", "Azure's dated API needs api_version");
    return new AzureOpenAI({ ...options, apiVersion, baseURL: azureBaseUrl(baseUrl) });
  });
}

/** Appends the API path to the URL of an Azure resource; a URL with a path is used unchanged. */
function azureBaseUrl(baseUrl: string): string {
  return new URL(baseUrl).pathname === "/" ? new URL("/openai", baseUrl).href : baseUrl;
}
