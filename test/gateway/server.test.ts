import { request } from "node:http";
import { connect } from "node:net";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { gateway } from "../../src/gateway/gateway.ts";
import { ModelFactory } from "../../src/index.ts";
import { CHAT, chatBody, world } from "./world.ts";

describe("gateway()", () => {
  const TOML = '[models.coder]\nname = "claude-sonnet-4-5"\nprovider = "simulator"\n';
  const ask = (path = CHAT) =>
    new Request(`http://localhost${path}`, { method: "POST", body: JSON.stringify(chatBody("coder")) });

  it("answers without a port, and leaves a given factory open", async () => {
    const factory = ModelFactory.parse(TOML);
    onTestFinished(() => factory.close());
    const { fetch, close } = gateway({ factory });
    const response = await fetch(ask());
    expect([response.status, await response.json()]).toMatchObject([200, { model: "coder" }]);
    await close();
    expect((await fetch(ask())).status).toBe(503);
    expect((await factory.create("coder").codegen("Hello")).text).toContain("[simulated");
  });

  it("loads the named file with the first request, and reads it again after an error", async () => {
    const missing = gateway({ config: "/nowhere/models.toml" });
    expect([(await missing.fetch(ask())).status, (await ready(missing)).status]).toEqual([500, 503]);
    const served = gateway({ config: "models.toml" });
    onTestFinished(() => served.close());
    expect((await ready(served)).status).toBe(200);
    expect((await served.fetch(ask())).status).toBe(200);
  });

  it("refuses unknown options", () => {
    expect(() => gateway({ port: 1 } as never)).toThrow('gateway: unknown option "port"');
  });
});

const ready = (served: ReturnType<typeof gateway>) => served.fetch(new Request("http://localhost/readyz"));

describe("other endpoints", () => {
  it("counts tokens in every wire that has an endpoint for it", async () => {
    const { post } = await world();
    const messages = [{ role: "user", content: "Hello" }];
    const counts = [
      await post("/v1/messages/count_tokens", { model: "openai", messages }),
      await post("/v1/responses/input_tokens", { model: "anthropic", input: "Hello" }),
      await post("/v1beta/models/openai:countTokens", { contents: [{ parts: [{ text: "Hello" }] }] }),
      await post("/v1beta/models/anthropic:countTokens", {
        generateContentRequest: { contents: [{ parts: [{ text: "Hello" }] }] },
      }),
    ];
    expect(await Promise.all(counts.map((response) => response.json()))).toMatchObject([
      { input_tokens: expect.any(Number) },
      { object: "response.input_tokens", input_tokens: expect.any(Number) },
      { totalTokens: expect.any(Number) },
      { totalTokens: expect.any(Number) },
    ]);
  });

  it("computes embeddings in the formats of OpenAI and Gemini", async () => {
    const { post, simulator } = await world({
      toml: `[models.vectors]\nname = "text-embedding-3-small"\nprovider = "simulator"\n`,
    });
    const openai = await post("/v1/embeddings", { model: "vectors", input: ["one", "two"], dimensions: 8 });
    const { data, model, usage } = (await openai.json()) as {
      data: { embedding: number[] }[];
      model: string;
      usage: object;
    };
    expect(data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
    expect({ model, usage }).toMatchObject({ model: "vectors", usage: { prompt_tokens: expect.any(Number) } });
    const content = { parts: [{ text: "one" }] };
    const batch = await post("/v1beta/models/vectors:batchEmbedContents", {
      requests: [{ model: "models/vectors", content, outputDimensionality: 8 }],
    });
    const { embeddings } = (await batch.json()) as { embeddings: { values: number[] }[] };
    expect(embeddings[0]?.values).toEqual(data[0]?.embedding);
    const single = await post("/v1beta/models/vectors:embedContent", { content, outputDimensionality: 8 });
    expect(await single.json()).toMatchObject({ embedding: { values: data[0]?.embedding } });
    expect((await post("/v1/embeddings", { model: "vectors", input: [[1, 2]] })).status).toBe(400);
    expect((await post("/v1/embeddings", { model: "openai", input: "one" })).status).toBe(400);
    expect(simulator.requests).toEqual([]);
  });

  it("shows a model in the format of the client", async () => {
    const { url } = await world();
    const show = async (path: string, headers = {}) => (await fetch(url + path, { headers })).json();
    expect(await show("/v1/models/openai")).toMatchObject({ id: "openai", object: "model", owned_by: "openai" });
    expect(await show("/v1/models/openai", { "anthropic-version": "2023-06-01" })).toMatchObject({
      ...{ type: "model", id: "openai", display_name: "openai", max_input_tokens: expect.any(Number) },
    });
    expect(await show("/v1beta/models/google")).toMatchObject({
      ...{
        name: "models/google",
        supportedGenerationMethods: ["generateContent", "countTokens", "streamGenerateContent"],
      },
    });
    expect(await show("/v1/models/nothing")).toMatchObject({ error: { code: "model_not_found" } });
  });
});

describe("limits", () => {
  it("counts a body after it was decompressed", async () => {
    const { url } = await world({ toml: '[gateway]\nmax_body = "2KiB"\n' });
    const body = JSON.stringify(chatBody("openai"));
    const padded = JSON.stringify(chatBody("openai", { user: " ".repeat(4_000) }));
    const send = async (encoding: string, bytes: Buffer) =>
      (await fetch(url + CHAT, { method: "POST", headers: { "content-encoding": encoding }, body: bytes })).status;
    expect(await send("gzip", gzipSync(body))).toBe(200);
    expect(await send("zstd", zstdCompressSync(body))).toBe(200);
    expect(await send("identity", Buffer.from(padded))).toBe(413);
    expect(await send("gzip", gzipSync(padded))).toBe(413);
    expect(await send("gzip", Buffer.from(body))).toBe(400);
    expect(await send("lzma", Buffer.from(body))).toBe(415);
  });

  it("refuses requests beyond max_in_flight at once, with a time to wait", async () => {
    const { post } = await world({ toml: "[gateway]\nmax_in_flight = 1\n", simulator: { script: [{ delayMs: 300 }] } });
    const [first, second] = await Promise.all([post(CHAT, chatBody("openai")), post(CHAT, chatBody("openai"))]);
    const refusedOne = first.status === 503 ? first : second;
    expect([first.status, second.status].sort()).toEqual([200, 503]);
    expect(refusedOne.headers.get("retry-after")).toBe("1");
  });

  it("answers upgrades with 426", async () => {
    const { url } = await world();
    const head = `GET /v1/responses HTTP/1.1\r\nhost: ${new URL(url).host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(head));
    const [status] = await new Promise<string[]>((resolve) => {
      socket.once("data", (data) => resolve(String(data).split("\r\n")));
    });
    socket.destroy();
    expect(status).toBe("HTTP/1.1 426 Upgrade Required");
  });
});

describe("a web page", () => {
  const statusOf = (url: string, headers: Record<string, string>, method = "GET") =>
    new Promise<[number | undefined, unknown]>((resolve) => {
      const { port } = new URL(url);
      request({ port, host: "127.0.0.1", path: "/v1/models", method, headers }, (response) => {
        response.resume();
        resolve([response.statusCode, response.headers["access-control-allow-origin"]]);
      }).end();
    });

  it("is refused under a host or an origin that is not allowed", async () => {
    const { url } = await world();
    const { host } = new URL(url);
    expect(await statusOf(url, { host })).toEqual([200, undefined]);
    expect(await statusOf(url, { host: `localhost:${new URL(url).port}` })).toEqual([200, undefined]);
    expect(await statusOf(url, { host: "evil.example" })).toEqual([403, undefined]);
    expect(await statusOf(url, { host, origin: "https://evil.example" })).toEqual([403, undefined]);
    expect(await statusOf(url, { host, origin: "null" })).toEqual([403, undefined]);
    expect(await statusOf(url, { host, origin: url })).toEqual([200, undefined]);
  });

  it("is served if models.toml allows it", async () => {
    const origin = "https://app.example";
    const { url } = await world({ toml: `[gateway]\nallowed_hosts = ["gate.local"]\ncors = ["${origin}"]\n` });
    expect(await statusOf(url, { host: "gate.local", origin })).toEqual([200, origin]);
    const preflight = { host: "gate.local", origin, "access-control-request-method": "POST" };
    expect(await statusOf(url, preflight, "OPTIONS")).toEqual([204, origin]);
  });
});

describe("close", () => {
  it("lets streams end, and is not ready in the meantime", async () => {
    const { url, gateway: served, post } = await world({ simulator: { delayMs: 20 } });
    const response = await post(CHAT, chatBody("anthropic", { stream: true }));
    const closing = served.close();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await post(CHAT, chatBody("anthropic"))).status).toBe(503);
    expect(await response.text()).toContain("data: [DONE]");
    await closing;
  });

  it("cuts them after `drain`", async () => {
    const script = [{ stall: { afterEvents: 4 } }];
    const {
      gateway: served,
      post,
      simulator,
    } = await world({ toml: '[gateway]\ndrain = "50ms"\n', simulator: { script } });
    const response = await post(CHAT, chatBody("anthropic", { stream: true }));
    await served.close();
    expect(await response.text()).not.toContain("[DONE]");
    while (simulator.requests[0]?.closedByPeerMs === undefined) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe("the access log", () => {
  it("says when a client left before the answer, whose upstream is closed at once", async () => {
    const { post, log, simulator } = await world({ simulator: { script: [{ delayMs: 5_000 }] } });
    const controller = new AbortController();
    const asking = post(CHAT, chatBody("anthropic"), {}, controller.signal);
    while (simulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(asking).rejects.toThrow();
    while (log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(log).toMatchObject([{ status: 499, left: true, code: "aborted" }]);
    while (simulator.requests[0]?.closedByPeerMs === undefined) await new Promise((resolve) => setImmediate(resolve));
  });

  it("has a line for each request, without content", async () => {
    const { url, post, log } = await world();
    await (await post(`${CHAT}?key=secret`, chatBody("anthropic", { stream: true }))).text();
    await post(CHAT, chatBody("nothing"));
    await fetch(`${url}/healthz`);
    expect(log).toEqual([
      {
        ...{
          time: expect.stringMatching(/^\d{4}-.*Z$/),
          method: "POST",
          path: CHAT,
          status: 200,
          ms: expect.any(Number),
        },
        ...{ call: expect.any(String), model: "anthropic", entry: "anthropic", provider: "anthropic", stream: true },
        ...{
          attempts: 1,
          costUsd: expect.any(Number),
          inputTokens: expect.any(Number),
          outputTokens: expect.any(Number),
        },
      },
      expect.objectContaining({ status: 404 }),
    ]);
    expect(JSON.stringify(log)).not.toMatch(/Hello|secret/);
  });
});
