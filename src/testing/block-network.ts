import { ModelError, type Transport } from "../index.ts";
import { createTransport } from "../transport/fetch.ts";
import { type SentRequest, sentRequest } from "./sent-request.ts";

export interface BlockedNetwork extends Transport {
  /** All blocked requests, in order. */
  readonly refused: readonly SentRequest[];
}

/**
 * A transport that connects only to this machine (`localhost`, 127.0.0.0/8, `::1`). Other requests are not sent: the call fails
 * at once, without a retry or a fallback, with an `invalid_request` that names the URL.
 *
 * @example
 * import { ModelFactory } from "modelwright";
 * import { blockNetwork } from "modelwright/testing";
 *
 * const network = blockNetwork();
 * await using factory = await ModelFactory.load("models.toml", { transport: network });
 * await factory.create().safeCodegen("Hello");
 * console.log(network.refused.map(({ url }) => url));
 */
export function blockNetwork(): BlockedNetwork {
  const refused: SentRequest[] = [];
  const local = createTransport();
  return {
    refused,
    async fetch(url, init = {}) {
      const place = foreignPlace(url, init.exchange?.proxy);
      if (place === undefined) return local.fetch(url, init);
      const request = sentRequest(url, init);
      refused.push(request);
      const failure = refusal(request, place);
      if (init.exchange !== undefined) init.exchange.failure = failure;
      throw failure;
    },
    close: () => local.close(),
  };
}

/** The first host of the route that is not this machine. */
function foreignPlace(url: string | URL | Request, proxy: string | undefined): string | undefined {
  const target = url instanceof Request ? url.url : String(url);
  return [proxy ?? target, target].map(hostOf).find((host) => !isLoopback(host));
}

function hostOf(address: string): string {
  return URL.parse(address)?.hostname ?? address;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function refusal({ method, url }: SentRequest, host: string): ModelError {
  return new ModelError({
    code: "invalid_request",
    message: `the network is blocked: ${method} ${url} was not sent, because ${host} is not this machine. In tests, provider = "simulator" answers without a network.`,
  });
}
