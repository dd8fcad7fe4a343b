import type {
  CountTokensParameters,
  EmbedContentParameters,
  GenerateContentParameters,
  GoogleGenAI,
  HttpOptions,
} from "@google/genai";
import type { Client } from "../../core/dialect.ts";
import type { Operation } from "../../core/operation.ts";
import type { Exchange } from "../../core/transport.ts";
import { ClientCache } from "../client-cache.ts";
import { bringsAuthorization, clientHeaders, requestHeaders } from "../credential-headers.ts";
import { withoutVariables } from "../environment.ts";
import type { PageParams } from "../model-list.ts";
import { responseOf, sdkFetch, templated } from "../request-template.ts";
import { requirePathName, requirePathStep } from "../url-path.ts";
import { googleAddress } from "./address.ts";
import { generateBody } from "./generate-body.ts";

/** Sends a request through the SDK and returns the response from our transport. */
export const generateClient: Client<GenerateContentParameters> = templated({
  body: (params, { address }) => (address.vertexProject === undefined ? generateBody(params) : undefined),
  async send(params, operation, exchange) {
    requirePathName(operation.target, "name", params.model);
    const { models } = await clients.clientFor(operation);
    const config = {
      ...params.config,
      // Both would make the SDK send additional requests.
      automaticFunctionCalling: { disable: true },
      automaticContinuation: false,
      httpOptions: { ...params.config?.httpOptions, fetch: fetchFor(operation, exchange) },
    };
    if (exchange.streaming) await models.generateContentStream({ ...params, config });
    else await models.generateContent({ ...params, config });
  },
});

export const countClient: Client<CountTokensParameters> = {
  async send(params, operation, exchange) {
    requirePathName(operation.target, "name", params.model);
    const { models } = await clients.clientFor(operation);
    const vertex = operation.target.address.vertexProject !== undefined;
    const { systemInstruction, tools, ...config } = params.config ?? {};
    const whole = vertex || (systemInstruction === undefined && tools === undefined);
    const httpOptions: HttpOptions = {
      ...config.httpOptions,
      fetch: fetchFor(operation, exchange, whole ? undefined : (body) => countedWhole(body, params)),
    };
    await models.countTokens({ ...params, config: { ...(vertex && params.config), ...config, httpOptions } });
    return responseOf(operation, exchange);
  },
};

export const embeddingClient: Client<EmbedContentParameters> = {
  async send(params, operation, exchange) {
    requirePathName(operation.target, "name", params.model);
    const { models } = await clients.clientFor(operation);
    const httpOptions = { ...params.config?.httpOptions, fetch: fetchFor(operation, exchange) };
    await models.embedContent({ ...params, config: { ...params.config, httpOptions } });
    return responseOf(operation, exchange);
  },
};

export const listClient: Client<PageParams> = {
  async send({ after, size }, operation, exchange) {
    const { models } = await clients.clientFor(operation);
    const page = { pageSize: size, ...(after !== undefined && { pageToken: after }) };
    // The pager gets an empty first page and requests no other.
    await models.list({ config: { ...page, httpOptions: { fetch: fetchFor(operation, exchange) } } });
    return responseOf(operation, exchange);
  },
};

/**
 * The Gemini API counts instructions and tools only in a complete request, for which the SDK has no parameter.
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

type Fetch = NonNullable<HttpOptions["fetch"]>;

/** The empty response for the SDK; cheaper than creating a Response. */
const NOTHING = {
  ok: true,
  status: 200,
  get headers() {
    return new Headers();
  },
  json: async () => ({}),
  text: async () => "{}",
  body: { getReader: () => ({ read: async () => ({ done: true }), releaseLock() {}, cancel: async () => {} }) },
} as unknown as Response;

/** Our transport keeps the response; the SDK reads nothing, except the status and body of an error. */
function fetchFor(operation: Operation, exchange: Exchange, rewrite?: (body: string) => string): Fetch {
  return async (url, init) => {
    const headers = headersOf(operation, init?.headers);
    const body = rewrite !== undefined && typeof init?.body === "string" ? { body: rewrite(init.body) } : {};
    const response = await sdkFetch(operation.transport, url, {
      ...init,
      ...body,
      ...(headers !== undefined && { headers }),
      exchange,
    });
    return response.ok ? NOTHING : response;
  };
}

/** The client's headers, unless the credential is sent in another header or the call has its own headers. */
function headersOf(operation: Operation, given: RequestInit["headers"]): Headers | undefined {
  const own = requestHeaders(operation);
  const { target, credential } = operation;
  const isComplete = target.auth === KEY_HEADER && credential !== undefined && !bringsAuthorization(target);
  if (own === undefined && isComplete) return undefined;
  const headers = new Headers(given);
  for (const [name, value] of Object.entries({ ...clientHeaders(operation), ...own })) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  if (headers.get(KEY_HEADER) === NO_KEY) headers.delete(KEY_HEADER);
  return headers;
}

const KEY_HEADER = "x-goog-api-key";
/** Without a key, the SDK would look for one in the environment, and for Vertex request a token from Google. */
const NO_KEY = "none";

export const clients = new ClientCache(() => import("@google/genai"), createClient);

/** Passes every option that the SDK would otherwise read from the environment. */
function createClient({ GoogleGenAI }: typeof import("@google/genai"), operation: Operation): GoogleGenAI {
  const { target, credential } = operation;
  const { baseUrl, apiVersion, vertex } = googleAddress(target.address);
  requirePathName(target, "api_version", apiVersion);
  requirePathStep(target, "vertex_project", vertex?.project);
  requirePathStep(target, "vertex_location", vertex?.location);
  const { authorization: _, [KEY_HEADER]: key, ...own } = clientHeaders(operation);
  const headers = Object.fromEntries(Object.entries(own).filter((pair): pair is [string, string] => pair[1] !== null));
  const apiKey = target.auth === KEY_HEADER && credential !== undefined ? (key ?? NO_KEY) : NO_KEY;
  return withoutVariables(["GOOGLE_", "GEMINI_"], () => {
    return new GoogleGenAI({
      apiKey,
      enterprise: vertex !== undefined,
      ...vertex,
      apiVersion,
      httpOptions: { baseUrl, apiVersion, headers },
    });
  });
}
