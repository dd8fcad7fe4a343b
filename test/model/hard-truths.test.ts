import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ModelFactory } from "../../src/index.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Handler = (response: ServerResponse, index: number, request: IncomingMessage) => void;

/** A host on loopback and a factory for one entry `m` on it. */
async function host(handler: Handler, toml = "", more = "") {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => handler(response, requests++, request));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const entry = (name: string, keys: string) => `
    [models.${name}]
    name = "gpt-4o-mini"
    provider = "host"
    custom_llm_provider = "openai"
    base_url = "${url}"
    api_key = "k"
    retry_min_wait = 0.001
    ${keys}`;
  const factory = ModelFactory.parse(`${entry("m", toml)}\n${more.replaceAll("$URL", url)}`, { env: {} });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
    void factory.close();
  });
  return { model: factory.get("m"), factory, requests: () => requests };
}

const body = (text: string, finish = "stop") =>
  JSON.stringify({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o-mini",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: finish }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
const answer = (response: ServerResponse, text = "fine", finish = "stop") =>
  response.writeHead(200, { "content-type": "application/json" }).end(body(text, finish));
const fail = (response: ServerResponse, status: number, error: object = { message: "broken" }) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;

describe("the circuit breaker counts failed calls, not attempts", () => {
  it("never opens when every retry succeeds", async () => {
    const { model } = await host(
      (response, index) => (index % 2 === 0 ? fail(response, 500) : answer(response)),
      'circuit_breaker = { threshold = 2, window = "1m" }',
    );
    for (let call = 0; call < 6; call++) expect((await model.safeCodegen("hi")).ok).toBe(true);
  });

  it("does not cut the retries of a call", async () => {
    const { model, requests } = await host(
      (response, index) => (index < 2 ? fail(response, 500) : answer(response)),
      "circuit_breaker = { threshold = 1 }",
    );
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(requests()).toBe(3);
  });
});

describe("manual control of the breaker", () => {
  it("isolate rejects calls without a request, reset allows them again", async () => {
    const { factory, model, requests } = await host((response) => answer(response));
    factory.breakers.isolate("m");
    expect(factory.breakers.state("m")).toBe("isolated");
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "circuit_open" });
    expect(requests()).toBe(0);
    factory.breakers.reset("m");
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(factory.breakers.state("m")).toBe("closed");
  });

  it("reset closes a breaker that opened itself", async () => {
    const { factory, model, requests } = await host(
      (response, index) => (index === 0 ? fail(response, 500) : answer(response)),
      "num_retries = 0\ncircuit_breaker = { threshold = 1 }",
    );
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "server_error" });
    expect(factory.breakers.state("m")).toBe("open");
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "circuit_open" });
    factory.breakers.reset("m");
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(requests()).toBe(2);
  });
});

describe("an answer without an end", () => {
  const custom = (steps: readonly object[]) =>
    ModelFactory.parse('[models.m]\nname = "x"\nprovider = "own"\nnum_retries = 0', {
      providers: {
        own: {
          name: "own",
          async *open() {
            if (steps.length > 0) yield steps as never;
          },
        },
      },
    }).get("m");

  it.each([
    ["nothing", []],
    ["text", [{ type: "text-delta", text: "a", sample: 0 }]],
  ] as const)("of a custom dialect is stream_truncated (%s)", async (_, steps) => {
    await expect(custom(steps).codegen("hi")).rejects.toMatchObject({ code: "stream_truncated" });
  });

  it("has the error from bare JSON between events", async () => {
    const { model } = await host((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(
        `${delta("he")}{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}\n\n`,
      );
    }, "num_retries = 0");
    await expect(model.stream("hi").reply).rejects.toMatchObject({ code: "overloaded", partial: { text: "he" } });
  });
});

describe("output checks", () => {
  it("keep the text before a loop, and fail the attempt", async () => {
    const { model } = await host((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(delta("before ") + delta("loop").repeat(20));
    }, "num_retries = 0\nrepeated_chunk_limit = 5");
    const error = await model.stream("hi").reply.catch((reason) => reason);
    expect(error).toMatchObject({
      code: "degenerate_output",
      partial: { text: "before loop" },
      attempts: [{ outcome: "error", error: { code: "degenerate_output" } }],
    });
  });

  it("do not retry an answer with only reasoning", async () => {
    const { model, requests } = await host((response) => answer(response, "", "length"));
    await expect(model.codegen("hi")).rejects.toMatchObject({
      code: "empty_response",
      attempts: [{ outcome: "error", usage: { output: 5, estimated: false } }],
    });
    expect(requests()).toBe(1);
  });
});

describe("timeouts", () => {
  it("of an attempt apply to a credential hook that never returns", async () => {
    await using factory = ModelFactory.parse(
      '[models.m]\nname = "x"\nprovider = "copilot"\ntimeout = "50ms"\nnum_retries = 0',
      {
        env: {},
        tokens: { copilot: () => new Promise<string>(() => {}) },
      },
    );
    await expect(factory.get("m").codegen("hi")).rejects.toMatchObject({ code: "timed_out", phase: "attempt" });
  });

  it("of the first token do not apply with stream = false", async () => {
    const keys = 'first_token_timeout = "40ms"\nstream = false';
    const { model } = await host((response) => setTimeout(() => answer(response), 120), keys);
    expect((await model.codegen("hi")).text).toBe("fine");
  });

  it("of an attempt pause while the reader is slow", async () => {
    const { model } = await host((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(
        `${delta("a")}data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
      );
    }, 'timeout = "150ms"');
    await model.codegen("warm up the SDK", { stream: true });
    const stream = model.stream("hi");
    for await (const _ of stream) await new Promise((resolve) => setTimeout(resolve, 90));
    expect((await stream.reply).text).toBe("a");
  });
});

describe("fallback lists", () => {
  const other = `
    [models.b]
    name = "gpt-4o-mini"
    provider = "host"
    custom_llm_provider = "openai"
    base_url = "$URL"
    api_key = "k"
    num_retries = 0`;

  it.each(["context_window_fallbacks", "rate_limit_fallbacks"])("an empty %s disables the list", async (key) => {
    const refused = key.startsWith("context")
      ? { status: 400, error: { code: "context_length_exceeded", message: "maximum context length" } }
      : { status: 429, error: { message: "slow down" } };
    const { model, requests } = await host(
      (response) => fail(response, refused.status, refused.error),
      `num_retries = 0\nfallback_models = ["b"]\n${key} = []`,
      other,
    );
    await expect(model.codegen("hi")).rejects.toThrow();
    expect(requests()).toBe(1);
  });

  it("an error names the unusable fallback and keeps its code", async () => {
    const { model } = await host(
      (response) => fail(response, 500),
      'num_retries = 0\nfallback_models = ["keyless"]',
      '[models.keyless]\nname = "gpt-4o"\nprovider = "openai"',
    );
    const error = await model.codegen("hi").catch((reason) => reason);
    expect(error.code).toBe("server_error");
    expect(error.message).toMatch(/skipped: keyless: .*OPENAI_API_KEY/s);
  });
});

describe("values from the caller", () => {
  it("a logger that throws does not break the call", async () => {
    const logger = new Proxy({}, { get: () => () => { throw new Error("full disk"); } }) as never; // biome-ignore format: one thought
    await using factory = ModelFactory.parse('[models.m]\nname = "gpt-4o"\nprovider = "simulator"', { logger });
    expect((await factory.get("m").codegen("hi")).text).toContain("simulated");
  });

  it("safeCodegen never throws, not even for options that do", async () => {
    await using factory = ModelFactory.parse('[models.m]\nname = "gpt-4o"\nprovider = "simulator"');
    const options = Object.defineProperty({}, "temperature", { enumerable: true, get: () => { throw new Error("no"); } }); // biome-ignore format: one thought
    expect(await factory.get("m").safeCodegen("hi", options)).toMatchObject({
      ok: false,
      error: { code: "invalid_request" },
    });
  });

  it("usage from the provider is exact even when the answer was filtered", async () => {
    const { model } = await host((response) => answer(response, "hi", "content_filter"), "num_retries = 0");
    const error = await model.codegen("hi").catch((reason) => reason);
    expect(error).toMatchObject({ code: "content_filtered", attempts: [{ usage: { total: 15, estimated: false } }] });
  });

  it("keys without effect on a wire are reported", async () => {
    await using factory = ModelFactory.parse(
      '[models.m]\nname = "claude-haiku-4-5"\nprovider = "simulator"\ncustom_llm_provider = "anthropic"\norganization_id = "org-1"\nqueue = 3',
    );
    const { adjustments } = await factory.get("m").codegen("hi");
    expect(adjustments.map(({ setting }) => setting)).toEqual(["organization_id", "queue"]);
  });
});
