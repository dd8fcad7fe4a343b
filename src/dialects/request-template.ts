import type { Client } from "../core/dialect.ts";
import type { Operation } from "../core/operation.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import type { Exchange, Transport, WireInit, WireResponse } from "../core/transport.ts";
import { isWellFormed } from "../core/well-formed.ts";
import { requestHeaders } from "./credential-headers.ts";

/** One kind of request as an SDK sends it. */
export interface SdkRequest<Params> {
  /** The body that the SDK writes for these params; undefined where only the SDK can tell. Pure. */
  body(params: Params, target: Target): object | undefined;
  /** Tells requests of one target apart that differ in their address or headers. Default: there are none. */
  variant?(params: Params, target: Target): string;
  /** Sends through the SDK, which was given `sdkFetch`. */
  send(params: Params, operation: Operation, exchange: Exchange): Promise<unknown>;
}

/**
 * A client that asks the SDK for what it sends only until that is known. Address, method and headers depend on target and
 * credential alone: once two requests of the SDK agree in them, and their bodies are what `body` says, later requests are
 * sent with the same bytes and without the SDK. One that differs from what was expected turns this off for its target.
 * docs/decisions/0014-request-templates.md has the reasons and the cost.
 */
export function templated<Params>(request: SdkRequest<Params>): Client<Params> {
  const templates = new WeakMap<object, Map<string, Template>>();
  return {
    async send(params, operation, exchange) {
      const { target } = operation;
      const body = mayBeTemplated(operation) ? request.body(params, target) : undefined;
      if (body === undefined) {
        await request.send(params, operation, exchange);
        return responseOf(operation, exchange);
      }
      const variant = request.variant?.(params, target) ?? "";
      const template = templateFor(templates, operation, variant, exchange.streaming);
      if (template.learned !== undefined) {
        const { url, headers } = template.learned;
        const init = {
          method: "POST",
          headers: headers as [string, string][],
          body: JSON.stringify(body),
          exchange,
          wellFormed: isWellFormed(body),
        };
        try {
          const response = await operation.transport.fetch(url, init);
          if (response.ok) return responseOf(operation, exchange);
          // How a failure becomes an error is the SDK's to say, so it is handed the outcome.
          handOver(exchange, async () => response);
        } catch (failure) {
          handOver(exchange, () => Promise.reject(failure));
        }
      } else if (!template.isOff) {
        const expected = jsonOf(body);
        handOver(exchange, (transport, url, init) => {
          const differs = template.observe(url, init, expected);
          if (differs !== undefined)
            exchange.remarks?.push({ model: target.entry, text: `the SDK builds every request: ${differs}` });
          return transport.fetch(url, init);
        });
      }
      await request.send(params, operation, exchange);
      return responseOf(operation, exchange);
    },
  };
}

/** Headers of one request are the SDK's to merge. */
function mayBeTemplated(operation: Operation): boolean {
  return !operation.target.policy.sdkRequests && requestHeaders(operation) === undefined;
}

function templateFor(
  templates: WeakMap<object, Map<string, Template>>,
  { credential, target }: Operation,
  variant: string,
  streaming: boolean,
): Template {
  const owner = credential ?? target;
  const mine = templates.get(owner) ?? new Map<string, Template>();
  templates.set(owner, mine);
  const key = `${targetNumber(target)}${streaming ? " stream " : " body "}${variant}`;
  const template = mine.get(key) ?? new Template();
  mine.set(key, template);
  return template;
}

/** A credential may serve several targets, and a target have several credentials. */
const numbers = new WeakMap<Target, number>();
let lastNumber = 0;
function targetNumber(target: Target): number {
  const known = numbers.get(target);
  if (known !== undefined) return known;
  numbers.set(target, ++lastNumber);
  return lastNumber;
}

interface Learned {
  readonly url: URL;
  /** Frozen, so that the transport makes its own form of them once. */
  readonly headers: readonly (readonly [string, string])[];
}

class Template {
  learned: Learned | undefined;
  isOff = false;
  #seen: string | undefined;

  /** Learns from a request that the SDK makes; says what was not expected. */
  observe(url: string | URL | Request, init: WireInit, expected: string | undefined): string | undefined {
    const headers = [...new Headers(init.headers).entries()];
    const { method = "GET", body } = init;
    if (body !== expected) return this.#turnOff("its body is not the one expected");
    if (method.toUpperCase() !== "POST" || (typeof url === "object" && !(url instanceof URL)))
      return this.#turnOff("it is no POST");
    const seen = JSON.stringify([String(url), headers]);
    if (this.#seen === seen) this.learned = { url: new URL(url), headers: Object.freeze(headers) };
    else if (this.#seen !== undefined) return this.#turnOff("its headers change from request to request");
    this.#seen = seen;
    return undefined;
  }

  #turnOff(why: string): string {
    this.isOff = true;
    this.#seen = undefined;
    return why;
  }
}

/** What our fetch kept. */
export function responseOf({ target }: Operation, { response }: Exchange): WireResponse {
  if (response === undefined) throw targetError(target, "protocol_error", "the transport gave no response");
  return response;
}

/** What cannot be written is the SDK's to refuse. */
function jsonOf(body: object): string | undefined {
  try {
    return JSON.stringify(body);
  } catch {
    return undefined;
  }
}

type Answering = (transport: Transport, url: string | URL | Request, init: WireInit) => Promise<Response>;
const answering = new WeakMap<Exchange, Answering>();

function handOver(exchange: Exchange, answer: Answering): void {
  answering.set(exchange, answer);
}

/** The fetch that the SDKs are given: the transport's, but for a request that is watched or has its answer already. */
export function sdkFetch(transport: Transport, url: string | URL | Request, init: WireInit = {}): Promise<Response> {
  const answer = init.exchange === undefined ? undefined : answering.get(init.exchange);
  return answer === undefined ? transport.fetch(url, init) : answer(transport, url, init);
}
