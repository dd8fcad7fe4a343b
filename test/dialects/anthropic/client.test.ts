import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ModelRequest } from "../../../src/core/request.ts";
import type { Target } from "../../../src/core/target.ts";
import { anthropic } from "../../../src/dialects/anthropic/dialect.ts";
import { createTransport } from "../../../src/transport/fetch.ts";
import { foldEvents, requestOf, targetOf } from "../contract.ts";
import {
  answerJson,
  answerStream,
  callOf,
  eventsOf,
  type Loopback,
  startLoopback,
  withEnvironment,
} from "../loopback.ts";
import { answerOf } from "./answers.ts";

const transport = createTransport();
let server: Loopback;

beforeAll(async () => {
  server = await startLoopback();
});
afterAll(async () => {
  await transport.close();
  await server.close();
});

const HI = answerOf([{ type: "text", text: "Hi" }], "end_turn");

beforeEach(() => {
  server.seen.length = 0;
  server.answer = answerJson(HI.body);
});

function target(rest: Partial<Target> = {}): Target {
  return targetOf({
    provider: "anthropic",
    dialect: "anthropic",
    modelId: "claude-test",
    address: { baseUrl: server.baseUrl },
    auth: "x-api-key",
    ...rest,
  });
}

interface Options {
  readonly to?: Target;
  readonly key?: string;
  readonly request?: Partial<ModelRequest>;
  readonly streaming?: boolean;
}

async function ask({ to = target(), key, request = {}, streaming = false }: Options = {}) {
  const call = callOf({
    target: to,
    transport,
    request: requestOf(request),
    streaming,
    ...(key !== undefined && { key }),
  });
  const events = await eventsOf(anthropic, call);
  return { reply: foldEvents(events), headers: server.seen.at(-1)?.headers ?? {}, seen: server.seen.at(-1), call };
}

/** Everything the SDK would take from the environment, poisoned. */
const POISON = {
  ANTHROPIC_API_KEY: "poisoned-key",
  ANTHROPIC_AUTH_TOKEN: "poisoned-token",
  ANTHROPIC_BASE_URL: "http://127.0.0.1:9/poisoned",
  ANTHROPIC_CUSTOM_HEADERS:
    "X-Poisoned: 1\nAuthorization: Bearer poisoned\nanthropic-version: poisoned\nContent-Type: poisoned",
  ANTHROPIC_PROFILE: "poisoned",
  ANTHROPIC_WEBHOOK_SIGNING_KEY: "poisoned",
  ANTHROPIC_LOG: "debug",
  ANTHROPIC_OPEN_TELEMETRY: "true",
};

describe("the Anthropic SDK over a socket", () => {
  it.each([false, true])("returns the answer with one request (streaming %s)", async (streaming) => {
    server.answer = streaming
      ? answerStream(
          HI.stream.map((event) => event.data),
          true,
        )
      : answerJson(HI.body);
    const { reply, seen } = await ask({ key: "k", streaming });
    expect(reply).toMatchObject({ text: "Hi", finishReason: "stop", id: "msg_1", usage: { input: 3, output: 2 } });
    expect(server.seen).toHaveLength(1);
    expect(seen).toMatchObject({
      method: "POST",
      url: "/v1/messages",
      body: { model: "claude-test", max_tokens: 4096 },
    });
    expect(seen?.body["stream"]).toBe(streaming ? true : undefined);
    expect(seen?.headers).not.toHaveProperty("x-stainless-timeout");
  });

  it.each([
    ["x-api-key", { "x-api-key": "k" }],
    ["bearer", { authorization: "Bearer k" }],
    ["none", {}],
  ] as const)("sends the key according to auth_header = %s", async (auth, expected) => {
    const { headers } = await ask({ to: target({ auth }), key: "k" });
    const sent = Object.fromEntries(
      Object.entries(headers).filter(([name]) => /^(authorization|x-api-key)$/.test(name)),
    );
    expect(sent).toEqual(expected);
  });

  it.each(["x-api-key", "bearer", "none"] as const)("sends no key if none is set (%s)", async (auth) => {
    const { headers } = await ask({ to: target({ auth }) });
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("x-api-key");
  });

  it("uses another key for the next request to the same target", async () => {
    const to = target();
    expect((await ask({ to, key: "first" })).headers["x-api-key"]).toBe("first");
    expect((await ask({ to, key: "second" })).headers["x-api-key"]).toBe("second");
  });

  it("sends headers of entry and call; the call wins, and a custom authorization replaces the key", async () => {
    const to = target({ headers: { "X-Team": "entry", "anthropic-beta": "a" } });
    const request = { extraHeaders: { "x-team": "call", Authorization: "Bearer own" } };
    const { headers } = await ask({ to, key: "k", request });
    expect(headers).toMatchObject({ "x-team": "call", "anthropic-beta": "a", authorization: "Bearer own" });
    expect(headers).not.toHaveProperty("x-api-key");
  });

  it("sends the API version of the entry, otherwise that of the model, otherwise that of the SDK", async () => {
    const facts = { known: true, capabilities: {}, anthropicVersion: "2023-06-01" };
    const address = { baseUrl: server.baseUrl, apiVersion: "2025-01-01" };
    expect((await ask()).headers["anthropic-version"]).toBe("2026-10-21");
    expect((await ask({ to: target({ facts }) })).headers["anthropic-version"]).toBe("2023-06-01");
    expect((await ask({ to: target({ facts, address }) })).headers["anthropic-version"]).toBe("2025-01-01");
  });

  it("reads nothing from the environment", async () => {
    await withEnvironment(POISON, async () => {
      for (const key of [undefined, "k"]) {
        for (const auth of ["x-api-key", "bearer"] as const) {
          await ask({ to: target({ auth }), ...(key !== undefined && { key }) });
        }
      }
      await anthropic.countTokens?.(callOf({ target: target(), transport })).catch(() => {});
    });
    expect(server.seen).toHaveLength(5);
    expect(JSON.stringify(server.seen)).not.toContain("poisoned");
    expect(server.seen.every((one) => one.headers["content-type"] === "application/json")).toBe(true);
  });

  it("allows long answers without streaming", async () => {
    expect((await ask({ request: { settings: { maxNewTokens: 128_000 } } })).reply.text).toBe("Hi");
  });

  it.each([true, false])(
    "makes one typed error of a refused request, its cause the SDK's own (streaming %s)",
    async (streaming) => {
      const body = { type: "error", error: { type: "rate_limit_error", message: "slow down" }, request_id: "req_1" };
      server.answer = answerJson(body, 429, { "retry-after": "7", "request-id": "req_1" });
      const error = await ask({ key: "k", streaming }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "rate_limited",
        status: 429,
        retryAfterMs: 7000,
        requestId: "req_1",
        cause: { status: 429, error: { error: { message: "slow down" } } },
      });
      expect((error as { cause: object }).cause.constructor.name).toBe("RateLimitError");
      expect(server.seen).toHaveLength(1);
    },
  );

  it("reports an error inside the stream with its own code", async () => {
    const events = [
      ...HI.stream.slice(0, 3).map((event) => event.data),
      { type: "error", error: { type: "overloaded_error", message: "busy" } },
    ];
    server.answer = answerStream(events, true);
    await expect(ask({ key: "k", streaming: true })).rejects.toMatchObject({ code: "overloaded" });
  });

  it("reports a stream that ends too early as truncated", async () => {
    server.answer = answerStream(
      HI.stream.slice(0, -2).map((event) => event.data),
      true,
    );
    await expect(ask({ key: "k", streaming: true })).rejects.toMatchObject({ code: "stream_truncated" });
  });

  it("counts tokens with the provider's endpoint", async () => {
    server.answer = answerJson({ input_tokens: 2095 });
    const request = requestOf({
      messages: [
        { role: "system", content: "S" },
        { role: "user", content: "x" },
      ],
    });
    await expect(anthropic.countTokens?.(callOf({ target: target(), transport, request, key: "k" }))).resolves.toBe(
      2095,
    );
    expect(server.seen[0]).toMatchObject({
      url: "/v1/messages/count_tokens",
      headers: { "x-api-key": "k" },
      body: { model: "claude-test", system: [{ type: "text", text: "S" }] },
    });
    expect(server.seen[0]?.body).not.toHaveProperty("max_tokens");
  });
});
