import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelRequest } from "../../../src/core/request.ts";
import type { Address, Target } from "../../../src/core/target.ts";
import { googleAddress } from "../../../src/dialects/google/address.ts";
import { google } from "../../../src/dialects/google/dialect.ts";
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

const HI = answerOf([{ text: "Hi" }]);

beforeEach(() => {
  server.seen.length = 0;
  server.answer = answerJson(HI.body);
});

function target(rest: Partial<Target> = {}): Target {
  return targetOf({
    provider: "google",
    dialect: "google",
    modelId: "gemini-test",
    address: { baseUrl: server.baseUrl },
    auth: "x-goog-api-key",
    ...rest,
  });
}

const vertex = (): Address => ({
  baseUrl: server.baseUrl,
  vertexProject: "my-project",
  vertexLocation: "europe-west4",
});

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
  const events = await eventsOf(google, call);
  return { reply: foldEvents(events), headers: server.seen.at(-1)?.headers ?? {}, seen: server.seen.at(-1) };
}

/** Everything the SDK would take from the environment, poisoned. */
const POISON = {
  GOOGLE_API_KEY: "poisoned-key",
  GEMINI_API_KEY: "poisoned-key",
  GOOGLE_GENAI_USE_ENTERPRISE: "true",
  GOOGLE_GENAI_USE_VERTEXAI: "true",
  GOOGLE_CLOUD_PROJECT: "poisoned-project",
  GOOGLE_CLOUD_LOCATION: "poisoned-location",
  GOOGLE_GENAI_API_VERSION: "poisoned-version",
  GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:9/poisoned",
  GOOGLE_VERTEX_BASE_URL: "http://127.0.0.1:9/poisoned",
  GOOGLE_APPLICATION_CREDENTIALS: "/poisoned.json",
};

describe("the Google SDK over a socket", () => {
  it.each([false, true])("returns the answer with one request (streaming %s)", async (streaming) => {
    server.answer = streaming
      ? answerStream(
          HI.stream.map((event) => event.data),
          false,
        )
      : answerJson(HI.body);
    const { reply, seen } = await ask({ key: "k", streaming });
    expect(reply).toMatchObject({ text: "Hi", finishReason: "stop", id: "resp-1", usage: { input: 3, output: 2 } });
    expect(server.seen).toHaveLength(1);
    const method = streaming ? "streamGenerateContent?alt=sse" : "generateContent";
    expect(seen).toMatchObject({
      method: "POST",
      url: `/v1beta/models/gemini-test:${method}`,
      body: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
    });
  });

  it("sends each parameter at its place in the API", async () => {
    const { seen } = await ask({
      key: "k",
      to: target({ facts: { known: true, capabilities: {}, reasoningWire: "level" } }),
      request: {
        messages: [
          { role: "system", content: "S" },
          { role: "user", content: "x" },
        ],
        settings: {
          temperature: 0.5,
          maxNewTokens: 9,
          reasoningEffort: "low",
          tools: [{ name: "f", parameters: { type: "object", properties: { a: { type: "string" } } } }],
          toolChoice: { name: "f" },
          responseFormat: {
            type: "json_schema",
            name: "x",
            schema: { type: "object", properties: { n: { type: "number" } } },
          },
        },
        extraBody: { safetySettings: [{ category: "c" }], generationConfig: { mediaResolution: "LOW" } },
      },
    });
    expect(seen?.body).toEqual({
      contents: [{ role: "user", parts: [{ text: "x" }] }],
      systemInstruction: { parts: [{ text: "S" }] },
      tools: [
        {
          functionDeclarations: [
            { name: "f", parametersJsonSchema: { type: "object", properties: { a: { type: "string" } } } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
      safetySettings: [{ category: "c" }],
      generationConfig: {
        temperature: 0.5,
        maxOutputTokens: 9,
        thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true },
        responseMimeType: "application/json",
        responseJsonSchema: { type: "object", properties: { n: { type: "number" } } },
        mediaResolution: "LOW",
      },
    });
  });

  it("calls Vertex AI by project and location with a bearer token, without other libraries", async () => {
    const to = target({ address: vertex(), auth: "bearer" });
    const { seen } = await ask({ to, key: "ya29.token", request: { settings: { metadata: { team: "a" } } } });
    expect(seen).toMatchObject({
      url: "/v1beta1/projects/my-project/locations/europe-west4/publishers/google/models/gemini-test:generateContent",
      headers: { authorization: "Bearer ya29.token" },
      body: { labels: { team: "a" } },
    });
    expect(seen?.headers).not.toHaveProperty("x-goog-api-key");
    expect(server.seen).toHaveLength(1);
  });

  it("sends calls, results and signatures to Vertex AI as to the Gemini API", async () => {
    const messages: ModelRequest["messages"] = [
      { role: "user", content: "x" },
      {
        role: "assistant",
        content: [{ type: "tool-call", id: "a", name: "f", arguments: {}, signature: "s==", owner: "google" }],
      },
      { role: "tool", content: [{ type: "tool-result", id: "a", content: "r" }] },
    ];
    for (const address of [{ baseUrl: server.baseUrl }, vertex()]) {
      const { seen } = await ask({ to: target({ address }), key: "k", request: { messages } });
      expect(seen?.body["contents"]).toEqual([
        { role: "user", parts: [{ text: "x" }] },
        { role: "model", parts: [{ functionCall: { id: "a", name: "f", args: {} }, thoughtSignature: "s==" }] },
        { role: "user", parts: [{ functionResponse: { id: "a", name: "f", response: { output: "r" } } }] },
      ]);
    }
  });

  it("uses the API version of the entry", async () => {
    const { seen } = await ask({ to: target({ address: { baseUrl: server.baseUrl, apiVersion: "v1alpha" } }) });
    expect(seen?.url).toBe("/v1alpha/models/gemini-test:generateContent");
  });

  it.each([
    ["x-goog-api-key", { "x-goog-api-key": "k" }],
    ["bearer", { authorization: "Bearer k" }],
    ["none", {}],
  ] as const)("sends the key according to auth_header = %s, and none if none is set", async (auth, expected) => {
    const keysOf = (headers: object) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => /^(authorization|x-goog-api-key)$/.test(name)));
    expect(keysOf((await ask({ to: target({ auth }), key: "k" })).headers)).toEqual(expected);
    expect(keysOf((await ask({ to: target({ auth }) })).headers)).toEqual({});
  });

  it("sends headers of entry and call; the call wins, and a custom authorization replaces the key", async () => {
    const to = target({ headers: { "X-Team": "entry", "User-Agent": "mine" } });
    const { headers } = await ask({
      to,
      key: "k",
      request: { extraHeaders: { "x-team": "call", Authorization: "own" } },
    });
    expect(headers).toMatchObject({ "x-team": "call", "user-agent": "mine", authorization: "own" });
    expect(headers).not.toHaveProperty("x-goog-api-key");
  });

  it("uses another key for the next request to the same target", async () => {
    const to = target();
    expect((await ask({ to, key: "first" })).headers["x-goog-api-key"]).toBe("first");
    expect((await ask({ to, key: "second" })).headers["x-goog-api-key"]).toBe("second");
  });

  it("reads nothing from the environment", async () => {
    // The SDK warns on the console about two keys in the environment, which it then does not use.
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await withEnvironment(POISON, async () => {
      for (const address of [{ baseUrl: server.baseUrl }, vertex()]) {
        await ask({ to: target({ address }) });
        await ask({ to: target({ address, auth: "bearer" }), key: "k" });
      }
    });
    warn.mockRestore();
    expect(server.seen).toHaveLength(4);
    expect(JSON.stringify(server.seen)).not.toContain("poisoned");
    expect(server.seen.map((one) => one.url.includes("/projects/"))).toEqual([false, false, true, true]);
  });

  it.each([true, false])(
    "makes one typed error of a refused request, its cause the SDK's own (streaming %s)",
    async (streaming) => {
      const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" }];
      server.answer = answerJson(
        { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED", details } },
        429,
      );
      const error = await ask({ key: "k", streaming }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "rate_limited",
        status: 429,
        retryAfterMs: 7000,
        cause: { name: "ApiError", status: 429 },
      });
      expect(String((error as Error).cause)).toContain("slow down");
      expect(server.seen).toHaveLength(1);
    },
  );

  it("does not request more if an answer says that there is more", async () => {
    server.answer = answerJson({ candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "CONTINUATION" }] });
    expect((await ask({ key: "k" })).reply).toMatchObject({
      text: "a",
      finishReason: "unknown",
      rawFinishReason: "CONTINUATION",
    });
    expect(server.seen).toHaveLength(1);
  });

  it("reports an error inside the stream with its own code, and an early end as truncated", async () => {
    const [first] = HI.stream.map((event) => event.data);
    server.answer = answerStream([first, { error: { code: 503, message: "busy", status: "UNAVAILABLE" } }], false);
    await expect(ask({ key: "k", streaming: true })).rejects.toMatchObject({ code: "overloaded" });
    server.answer = answerStream([first], false);
    await expect(ask({ key: "k", streaming: true })).rejects.toMatchObject({ code: "stream_truncated" });
  });

  it("counts tokens with the provider's endpoint, including instructions and tools", async () => {
    server.answer = answerJson({ totalTokens: 31 });
    const request = requestOf({
      messages: [
        { role: "system", content: "S" },
        { role: "user", content: "x" },
      ],
      settings: { tools: [{ name: "f", parameters: { type: "object" } }] },
    });
    const contents = [{ role: "user", parts: [{ text: "x" }] }];
    const systemInstruction = { parts: [{ text: "S" }] };
    const tools = [{ functionDeclarations: [{ name: "f" }] }];
    await expect(google.countTokens?.(callOf({ target: target(), transport, request, key: "k" }))).resolves.toBe(31);
    expect(server.seen[0]).toMatchObject({
      url: "/v1beta/models/gemini-test:countTokens",
      headers: { "x-goog-api-key": "k" },
      body: { generateContentRequest: { model: "models/gemini-test", contents, systemInstruction, tools } },
    });
    const to = target({ address: vertex(), auth: "bearer" });
    await expect(google.countTokens?.(callOf({ target: to, transport, request, key: "k" }))).resolves.toBe(31);
    expect(server.seen[1]?.url).toMatch(/^\/v1beta1\/projects\/my-project\/.*:countTokens$/);
    expect(server.seen[1]?.body).toMatchObject({ contents, systemInstruction, tools });
    await expect(google.countTokens?.(callOf({ target: target(), transport, key: "k" }))).resolves.toBe(31);
    expect(server.seen[2]?.body).toEqual({ contents: [{ role: "user", parts: [{ text: "Hi" }] }] });
  });
});

describe("the address of a Google target", () => {
  it.each([
    [{ baseUrl: "" }, "https://generativelanguage.googleapis.com", "v1beta"],
    [{ baseUrl: "http://127.0.0.1:1/" }, "http://127.0.0.1:1", "v1beta"],
    [{ baseUrl: "", vertexProject: "p" }, "https://aiplatform.googleapis.com", "v1beta1"],
    [{ baseUrl: "", vertexProject: "p", vertexLocation: "eu" }, "https://aiplatform.eu.rep.googleapis.com", "v1beta1"],
    [
      { baseUrl: "https://generativelanguage.googleapis.com", vertexProject: "p", vertexLocation: "us-east1" },
      "https://us-east1-aiplatform.googleapis.com",
      "v1beta1",
    ],
  ])("%o", (address, baseUrl, apiVersion) => {
    expect(googleAddress(address)).toMatchObject({ baseUrl, apiVersion });
  });
});
