import net from "node:net";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import type { Exchange, Transport, WireInit, WireResponse } from "../../src/core/transport.ts";
import { exchange, failure, type Loopback, listen, serve, transport } from "../harness/loopback.ts";
import { until } from "../harness/waits.ts";

/** How the client of each SDK sends one request through the transport and reads the raw response. */
interface Sdk {
  readonly name: string;
  send(wire: Transport, origin: string, seen: Exchange): Promise<WireResponse>;
  /** The header with the API key. */
  readonly keyHeader: string;
}

const KEY = "sk-test-0123456789";
/** The SDKs spread it into fetch's init; their types know only the RequestInit of their own undici. */
const fetchOptions = <Options>(seen: Exchange) => ({ exchange: seen }) satisfies WireInit as Options;
type OpenAiOptions = NonNullable<OpenAI.RequestOptions["fetchOptions"]>;
type AnthropicOptions = NonNullable<Anthropic.RequestOptions["fetchOptions"]>;
const raw = async (response: Promise<Response>) => (await response) as unknown as WireResponse;

/** For streams, the SDK is given an empty body while `exchange.response` keeps the real one. */
const NOTHING = {
  ok: true,
  status: 200,
  headers: new Headers(),
  body: { getReader: () => ({ read: async () => ({ done: true }), releaseLock() {} }) },
  json: async () => ({}),
} as unknown as Response;

const openai = (wire: Transport, origin: string) =>
  new OpenAI({ apiKey: KEY, baseURL: `${origin}/v1`, maxRetries: 0, fetch: wire.fetch, logLevel: "off" });

const SDKS: readonly Sdk[] = [
  {
    name: "openai chat",
    keyHeader: "authorization",
    send: (wire, origin, seen) =>
      raw(
        openai(wire, origin)
          .chat.completions.create(
            { model: "m", messages: [], stream: seen.streaming },
            { fetchOptions: fetchOptions<OpenAiOptions>(seen) },
          )
          .asResponse(),
      ),
  },
  {
    name: "openai responses",
    keyHeader: "authorization",
    send: (wire, origin, seen) =>
      raw(
        openai(wire, origin)
          .responses.create(
            { model: "m", input: "x", stream: seen.streaming },
            { fetchOptions: fetchOptions<OpenAiOptions>(seen) },
          )
          .asResponse(),
      ),
  },
  {
    name: "anthropic messages",
    keyHeader: "authorization",
    send: (wire, origin, seen) => {
      const client = new Anthropic({ apiKey: KEY, baseURL: origin, maxRetries: 0, fetch: wire.fetch, logLevel: "off" });
      const params = { model: "m", max_tokens: 9, messages: [], stream: seen.streaming };
      return raw(client.messages.create(params, { fetchOptions: fetchOptions<AnthropicOptions>(seen) }).asResponse());
    },
  },
  {
    name: "google generateContent",
    keyHeader: "x-goog-api-key",
    async send(wire, origin, seen) {
      const client = new GoogleGenAI({ apiKey: KEY, apiVersion: "v1beta", httpOptions: { baseUrl: origin } });
      const fetch = async (url: string | URL | Request, init?: WireInit) => {
        const response = await wire.fetch(url, { ...init, exchange: seen });
        return response.ok ? NOTHING : response;
      };
      const params = { model: "m", contents: "x", config: { httpOptions: { fetch } } };
      await (seen.streaming ? client.models.generateContentStream(params) : client.models.generateContent(params));
      if (seen.response === undefined) throw new Error("no response was kept");
      return seen.response;
    },
  },
];

const MODES = SDKS.flatMap((sdk) => [false, true].map((streaming) => ({ sdk, name: sdk.name, streaming })));

const answering = (status: number, begin: string, end = true): Promise<Loopback> =>
  serve((_request, response, body) => {
    const streamed = body.includes('"stream":true') || _request.url?.includes("streamGenerateContent") === true;
    const type = status === 200 && streamed ? "text/event-stream" : "application/json";
    response.writeHead(status, {
      "content-type": type,
      "x-request-id": "r-1",
      "request-id": "r-1",
      "retry-after": "3",
    });
    response.write(streamed && status === 200 ? `data: ${begin}\n\n` : begin);
    if (end) response.end();
  });

describe.each(MODES)("$name, streaming: $streaming", ({ sdk, streaming }) => {
  test("sends through the transport and returns the raw response with its headers", async () => {
    const server = await answering(200, '{"hello":1}');
    const seen = exchange({ streaming });
    const response = await sdk.send(transport(), server.origin, seen);
    expect(response).toBe(seen.response);
    expect(seen.sent).toBe(true);
    expect(response.headers.get("x-request-id")).toBe("r-1");
    if (streaming) {
      const batches = [];
      for await (const batch of response.messages()) batches.push(...batch);
      expect(batches).toMatchObject([{ data: '{"hello":1}' }]);
    } else expect(await response.json()).toEqual({ hello: 1 });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers[sdk.keyHeader]).toContain(KEY);
  });

  test("does not retry a 500, and headers and body of the error are available", async () => {
    const server = await answering(500, '{"error":{"message":"boom"}}');
    const seen = exchange({ streaming });
    const error = await failure(sdk.send(transport(), server.origin, seen));
    expect(error.status).toBe(500);
    expect(server.requests).toHaveLength(1);
    expect(seen.response?.status).toBe(500);
    expect(seen.response?.headers.get("retry-after")).toBe("3");
    expect(seen.errorBody).toBe('{"error":{"message":"boom"}}');
  });

  test("does not retry a failed connection, and keeps the transport's error", async () => {
    const seen: Exchange & { failure?: unknown } = exchange({ streaming });
    await failure(sdk.send(transport(), "http://127.0.0.1:1", seen));
    expect(seen.failure).toMatchObject({ name: "ModelError", code: "connection_failed" });
    expect(seen.sent).toBe(false);
  });

  test("closes the socket within 100 ms of an abort before the response", async () => {
    const server = await serve(() => {});
    const seen: Exchange & { failure?: unknown } = exchange({ streaming });
    const pending = failure(sdk.send(transport(), server.origin, seen));
    await until(() => server.requests.length === 1);
    const reason = new ModelError({ code: "aborted", message: "stop" });
    seen.cancellation.cancel(reason);
    const closedMs = server.allClosed();
    const error = await pending;
    expect(await closedMs).toBeLessThan(100);
    expect([error, error.cause]).toContain(reason);
    expect(seen.failure).toBe(reason);
  });

  test("closes the socket within 100 ms of an abort during the response", async () => {
    const server = await answering(200, '{"begin":1}', false);
    const seen = exchange({ streaming });
    const response = await sdk.send(transport(), server.origin, seen);
    const reader = streaming ? response.messages()[Symbol.asyncIterator]() : undefined;
    await reader?.next();
    const pending = failure(reader?.next() ?? response.text());
    const reason = new ModelError({ code: "timed_out", phase: "attempt", message: "over" });
    seen.cancellation.cancel(reason);
    expect(await pending).toBe(reason);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("rejects a redirect to another origin, without sending the key", async () => {
    const other = await serve((_request, response) => response.end("{}"));
    const server = await serve((_request, response) => {
      response.writeHead(307, { location: `${other.origin}/steal` }).end();
    });
    const seen: Exchange & { failure?: unknown } = exchange({ streaming });
    await failure(sdk.send(transport(), server.origin, seen));
    expect(seen.failure).toMatchObject({ code: "redirect_blocked" });
    expect(other.opened).toBe(0);
    expect(server.requests).toHaveLength(1);
  });
});

test("@anthropic-ai/sdk drops errors that mention a timeout: the exchange keeps them, and our message passes", async () => {
  const anthropic = SDKS.find(({ name }) => name.startsWith("anthropic")) as Sdk;
  const mute = await listen(net.createServer((socket) => void socket.resume()));
  const seen: Exchange & { failure?: unknown } = exchange({ connectTimeoutMs: 20 });
  const error = await failure(anthropic.send(transport(), `https://127.0.0.1:${mute.port}`, seen));
  expect(error.cause).toBe(seen.failure);
  expect(seen.failure).toMatchObject({ code: "timed_out", phase: "connect" });

  const server = await serve(() => {});
  const dropped: Exchange & { failure?: unknown } = exchange();
  const pending = failure(anthropic.send(transport(), server.origin, dropped));
  await until(() => server.requests.length === 1);
  dropped.cancellation.cancel(new ModelError({ code: "timed_out", phase: "attempt", message: "attempt timed out" }));
  expect((await pending).cause).toBeUndefined();
  expect(dropped.failure).toMatchObject({ phase: "attempt" });
});
