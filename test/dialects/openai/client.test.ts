import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { type Call, CallRecord } from "../../../src/core/call.ts";
import { Cancellation } from "../../../src/core/cancellation.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Dialect } from "../../../src/core/dialect.ts";
import { ModelError } from "../../../src/core/error.ts";
import type { FlowEvent } from "../../../src/core/event.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Target } from "../../../src/core/target.ts";
import type { Transport } from "../../../src/core/transport.ts";
import { openaiChat, openaiResponses } from "../../../src/dialects/openai/dialects.ts";
import { createTransport } from "../../../src/transport/fetch.ts";
import { type Handler, type Loopback, serve } from "../../harness/loopback.ts";
import { requestOf, targetOf } from "../contract.ts";

function transportOf(): Transport {
  const transport = createTransport();
  onTestFinished(() => transport.close());
  return transport;
}

function callOf(target: Target, transport: Transport, more: Partial<Call> = {}): Call {
  const request = more.request ?? requestOf({});
  const { messages, samples, extraBody, extraHeaders } = request;
  return {
    input: { messages, settings: {}, samples, extraBody, extraHeaders, raw: false, tags: [] },
    target,
    request,
    streaming: true,
    onBreak: "error",
    cancellation: new Cancellation(),
    credential: new Secret("sk-test-key-of-this-call"),
    tryIndex: 0,
    fallbackRemains: false,
    deadlineAtMs: undefined,
    record: new CallRecord("call", 0),
    transport,
    clock: systemClock,
    random: () => 0.5,
    ...more,
  };
}

async function eventsOf(dialect: Dialect, call: Call): Promise<FlowEvent[]> {
  const events: FlowEvent[] = [];
  for await (const batch of dialect.open(call)) events.push(...batch);
  return events;
}

async function failureOf(dialect: Dialect, call: Call): Promise<ModelError> {
  try {
    await eventsOf(dialect, call);
  } catch (error) {
    return error as ModelError;
  }
  throw new Error("nothing failed");
}

function textOf(events: readonly FlowEvent[]): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

const SAY = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

const sayHi: Handler = (_, response) => {
  response.setHeader("content-type", "text/event-stream");
  response.end(`${SAY("Hi")}${SAY("", "stop")}data: [DONE]\n\n`);
};

const respondHi: Handler = (request, response) => {
  response.setHeader("content-type", "application/json");
  if (request.url?.includes("input_tokens")) response.end('{"object":"response.input_tokens","input_tokens":42}');
  else
    response.end(
      JSON.stringify({
        id: "r",
        status: "completed",
        output: [{ type: "message", content: [{ type: "output_text", text: "Hi" }] }],
      }),
    );
};

function openai(server: Loopback, more: Partial<Target> = {}): Target {
  return targetOf({ provider: "openai", dialect: "openai", address: { baseUrl: `${server.origin}/v1` }, ...more });
}

describe("the openai client", () => {
  it("sends a chat request and returns the answer", async () => {
    const server = await serve(sayHi);
    const events = await eventsOf(openaiChat, callOf(openai(server), transportOf()));
    expect(textOf(events)).toBe("Hi");
    expect(server.requests).toMatchObject([
      { method: "POST", url: "/v1/chat/completions", headers: { authorization: "Bearer sk-test-key-of-this-call" } },
    ]);
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      model: "test-model",
      messages: [{ role: "user", content: "Hi" }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it("sends a responses request and reads a non-streaming body", async () => {
    const server = await serve(respondHi);
    const events = await eventsOf(openaiResponses, callOf(openai(server), transportOf(), { streaming: false }));
    expect(textOf(events)).toBe("Hi");
    expect(server.requests[0]?.url).toBe("/v1/responses");
  });

  it.each([
    ["bearer", "authorization", "Bearer sk-test-key-of-this-call"],
    ["x-api-key", "x-api-key", "sk-test-key-of-this-call"],
    ["api-key", "api-key", "sk-test-key-of-this-call"],
  ] as const)("sends the key as %s and in no other header", async (auth, name, value) => {
    const server = await serve(sayHi);
    await eventsOf(openaiChat, callOf(openai(server, { auth }), transportOf()));
    const headers: Record<string, unknown> = server.requests[0]?.headers ?? {};
    expect(headers[name]).toBe(value);
    expect(JSON.stringify(headers).split("sk-test-key-of-this-call")).toHaveLength(2);
    expect(["authorization", "x-api-key", "api-key"].filter((header) => header in headers)).toEqual([name]);
  });

  it("sends no key when there is none or auth is none", async () => {
    const server = await serve(sayHi);
    const transport = transportOf();
    await eventsOf(openaiChat, callOf(openai(server), transport, { credential: undefined }));
    await eventsOf(openaiChat, callOf(openai(server, { auth: "none" }), transport));
    for (const { headers } of server.requests) {
      for (const name of ["authorization", "api-key", "x-api-key"]) expect(headers).not.toHaveProperty(name);
    }
  });

  it("uses the key of each call, not that of the first", async () => {
    const server = await serve(sayHi);
    const transport = transportOf();
    const target = openai(server);
    for (const key of ["sk-first-key", "sk-second-key"]) {
      await eventsOf(openaiChat, callOf(target, transport, { credential: new Secret(key) }));
    }
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer sk-first-key",
      "Bearer sk-second-key",
    ]);
  });

  it("adds the headers of the entry and the call; the call's take precedence, even over the key", async () => {
    const server = await serve(sayHi);
    const target = openai(server, { headers: { "X-Entry": "entry", "X-Both": "entry" } });
    const request = requestOf({ extraHeaders: { "x-both": "call", Authorization: "Custom mine" } });
    await eventsOf(openaiChat, callOf(target, transportOf(), { request }));
    expect(server.requests[0]?.headers).toMatchObject({
      "x-entry": "entry",
      "x-both": "call",
      authorization: "Custom mine",
    });
  });

  it("rejects an invalid header without showing its value", async () => {
    const server = await serve(sayHi);
    const credential = new Secret("sk-secret\nkey");
    const error = await failureOf(openaiChat, callOf(openai(server), transportOf(), { credential }));
    expect(error).toMatchObject({ code: "invalid_request" });
    expect(`${error.message} ${JSON.stringify(error.cause)}`).not.toContain("sk-secret");
    expect(server.requests).toHaveLength(0);
  });

  it("sends organization and project when the entry sets them", async () => {
    const server = await serve(sayHi);
    const address = { baseUrl: `${server.origin}/v1`, organization: "org-1", project: "proj-1" };
    await eventsOf(openaiChat, callOf(openai(server, { address }), transportOf()));
    expect(server.requests[0]?.headers).toMatchObject({ "openai-organization": "org-1", "openai-project": "proj-1" });
  });

  it.each([
    ["a resource URL", "", "/openai/deployments/test-model/chat/completions?api-version=2024-10-21"],
    ["a URL with a path", "/own/openai", "/own/openai/deployments/test-model/chat/completions?api-version=2024-10-21"],
  ])("uses Azure's dated API under %s", async (_, path, url) => {
    const server = await serve(sayHi);
    const address = { baseUrl: `${server.origin}${path}`, azure: true, apiVersion: "2024-10-21" };
    const target = targetOf({ provider: "azure", dialect: "openai", auth: "api-key", address });
    expect(textOf(await eventsOf(openaiChat, callOf(target, transportOf())))).toBe("Hi");
    expect(server.requests[0]).toMatchObject({ url, headers: { "api-key": "sk-test-key-of-this-call" } });
    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
  });

  it("sends one request per call: the SDK does not retry", async () => {
    const server = await serve((_, response) => {
      response.writeHead(429, {
        "content-type": "application/json",
        "retry-after": "7",
        "x-request-id": "req-1",
        "x-should-retry": "true",
      });
      response.end('{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}');
    });
    const error = await failureOf(openaiChat, callOf(openai(server), transportOf()));
    expect(error).toMatchObject({
      code: "rate_limited",
      status: 429,
      retryAfterMs: 7_000,
      requestId: "req-1",
      provider: "openai",
    });
    expect(error.message).toContain("Rate limit reached");
    expect(server.requests).toHaveLength(1);
  });

  it("reports connection_failed when the connection is refused", async () => {
    const target = targetOf({ provider: "openai", dialect: "openai", address: { baseUrl: "http://127.0.0.1:1/v1" } });
    expect(await failureOf(openaiChat, callOf(target, transportOf()))).toMatchObject({
      code: "connection_failed",
      provider: "openai",
    });
  });

  it("rejects with the cancellation reason and closes the socket", async () => {
    const server = await serve((_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(SAY("Hi"));
    });
    const call = callOf(openai(server), transportOf());
    const reason = new ModelError({ code: "aborted", message: "enough" });
    const failing = (async () => {
      for await (const batch of openaiChat.open(call)) if (batch.length > 0) call.cancellation.cancel(reason);
    })();
    await expect(failing).rejects.toBe(reason);
    expect(await server.allClosed()).toBeLessThan(1_000);
  });

  it("returns the same text however the bytes of a stream are split", async () => {
    const bytes = Buffer.from(`${SAY("Grüße, 世界 🚀")}${SAY("", "stop")}data: [DONE]\n\n`);
    const server = await serve((_, response) => {
      response.setHeader("content-type", "text/event-stream");
      const size = Number(server.requests.length);
      const next = (from: number) => {
        if (from >= bytes.length) response.end();
        else response.write(bytes.subarray(from, from + size), () => setImmediate(next, from + size));
      };
      next(0);
    });
    const transport = transportOf();
    for (let size = 1; size <= 8; size++) {
      expect(textOf(await eventsOf(openaiChat, callOf(openai(server), transport)))).toBe("Grüße, 世界 🚀");
    }
  });

  it("counts tokens only when the provider is OpenAI itself", async () => {
    const server = await serve(respondHi);
    const transport = transportOf();
    for (const dialect of [openaiChat, openaiResponses]) {
      expect(await dialect.countTokens?.(callOf(openai(server), transport))).toBe(42);
    }
    expect(server.requests.map(({ url }) => url)).toEqual(["/v1/responses/input_tokens", "/v1/responses/input_tokens"]);
    const host = callOf(openai(server, { provider: "host" }), transport);
    await expect(openaiChat.countTokens?.(host)).rejects.toMatchObject({ code: "unsupported" });
    expect(server.requests).toHaveLength(2);
  });
});

describe("a poisoned environment", () => {
  const VARIABLES = [
    ...["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"],
    ...["OPENAI_WEBHOOK_SECRET", "OPENAI_LOG", "OPENAI_API_VERSION", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"],
  ];
  const CUSTOM = "X-Poison: poison\nAuthorization: poison\nUser-Agent: poison";
  const before = new Map([...VARIABLES, "OPENAI_CUSTOM_HEADERS"].map((name) => [name, process.env[name]]));

  function poison(): void {
    for (const name of VARIABLES) process.env[name] = `http://127.0.0.1:1/poison-${name.toLowerCase()}`;
    process.env["OPENAI_CUSTOM_HEADERS"] = CUSTOM;
  }

  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it.each([
    ["OpenAI", { provider: "openai", auth: "bearer" as const }, {}],
    ["Azure", { provider: "azure", auth: "api-key" as const }, { azure: true, apiVersion: "2024-10-21" }],
  ])("does not change a request to %s", async (_, target, address) => {
    const server = await serve(sayHi);
    const transport = transportOf();
    const send = async () => {
      const fresh = targetOf({ dialect: "openai", address: { baseUrl: server.origin, ...address }, ...target });
      await eventsOf(openaiChat, callOf(fresh, transport));
    };
    await send();
    poison();
    await send();
    const [clean, poisoned] = server.requests;
    expect(poisoned).toEqual(clean);
    expect(process.env["OPENAI_CUSTOM_HEADERS"]).toBe(CUSTOM);
  });
});
