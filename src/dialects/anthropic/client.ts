import type { Anthropic } from "@anthropic-ai/sdk";
import { MAX_TIMER_MS } from "../../core/clock.ts";
import type { Client } from "../../core/dialect.ts";
import type { Operation } from "../../core/operation.ts";
import type { Target } from "../../core/target.ts";
import type { Exchange, WireInit, WireResponse } from "../../core/transport.ts";
import { ClientCache } from "../client-cache.ts";
import { clientCredential, requestHeaders } from "../credential-headers.ts";
import { withoutVariables } from "../environment.ts";
import type { PageParams } from "../model-list.ts";
import { responseOf, sdkFetch, templated } from "../request-template.ts";
import type { MessagesBody } from "./encode.ts";

/** Sends a request through the SDK and returns the response from our transport. */
export const messagesClient: Client<MessagesBody> = templated({
  body: (body) => body,
  variant: (body, target) => (needsOlderApi(body, target) ? "older API" : ""),
  send: (body, operation, exchange) =>
    // The generic method, because `messages.create` prints deprecation warnings to the console.
    send(operation, exchange, (client, options) =>
      client.post("/v1/messages", {
        ...options,
        body,
        ...(needsOlderApi(body, operation.target) && olderApi(options)),
      }),
    ),
});

/**
 * API version 2026-10-21 and later reject sampling parameters. A request that still has them is for a model that is not in the
 * catalog, so it uses the older version.
 */
function needsOlderApi(body: MessagesBody, { address, facts }: Target): boolean {
  if (address.apiVersion !== undefined || facts.anthropicVersion !== undefined) return false;
  return "temperature" in body || "top_p" in body || "top_k" in body;
}

function olderApi({ headers }: Anthropic.RequestOptions): Anthropic.RequestOptions {
  return { headers: { "anthropic-version": "2023-06-01", ...(headers as Record<string, string>) } };
}

export const countClient: Client<Anthropic.MessageCountTokensParams> = {
  send: (body, operation, exchange) =>
    send(operation, exchange, (client, options) => client.messages.countTokens(body, options)),
};

export const listClient: Client<PageParams> = {
  send: ({ after, size }, operation, exchange) =>
    send(operation, exchange, (client, options) =>
      client.models.list({ limit: size, ...(after !== undefined && { after_id: after }) }, options),
    ),
};

type Post = (client: Anthropic, options: Anthropic.RequestOptions) => { asResponse(): Promise<Response> };

async function send(operation: Operation, exchange: Exchange, post: Post): Promise<WireResponse> {
  const client = await clients.clientFor(operation);
  const fetchOptions = { exchange } satisfies WireInit as NonNullable<Anthropic.RequestOptions["fetchOptions"]>;
  const headers = requestHeaders(operation);
  await post(client, headers === undefined ? { fetchOptions } : { headers, fetchOptions }).asResponse();
  return responseOf(operation, exchange);
}

/** Without a credential, the SDK would look for one in the environment and in files; `authorization: null` suppresses it. */
const NO_KEY = "none";

export const clients = new ClientCache(() => import("@anthropic-ai/sdk"), createClient);

/** Passes every option that the SDK would otherwise read from the environment. Our layers handle timeouts, not the SDK. */
function createClient({ Anthropic }: typeof import("@anthropic-ai/sdk"), operation: Operation): Anthropic {
  const { target, transport } = operation;
  const version = target.address.apiVersion ?? target.facts.anthropicVersion;
  const { bearer, headers } = clientCredential(operation);
  return withoutVariables(["ANTHROPIC_"], () => {
    return new Anthropic({
      apiKey: bearer ?? NO_KEY,
      authToken: null,
      webhookKey: null,
      baseURL: target.address.baseUrl,
      maxRetries: 0,
      timeout: MAX_TIMER_MS,
      fetch: (url, init) => sdkFetch(transport, url, init as WireInit),
      defaultHeaders: {
        // The SDK would send a timeout header that does not match ours.
        "x-stainless-timeout": null,
        ...(version !== undefined && { "anthropic-version": version }),
        ...headers,
      },
      logLevel: "off",
      openTelemetry: false,
    });
  });
}
