import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { failureHeaders, failureOf } from "../../src/gateway/problems.ts";
import { GATEWAY_WIRES } from "../../src/gateway/wires.ts";
import { ERROR_CODES, ModelError, type ModelErrorCode } from "../../src/index.ts";
import { WIRES } from "../harness/wires.ts";
import { anthropicAt, googleAt, openaiAt } from "./clients.ts";
import { CHAT, chatBody, world } from "./world.ts";

const failed = async (call: Promise<unknown>): Promise<Record<string, unknown>> => {
  try {
    await call;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error("expected a failure");
};

describe("an error of a provider", () => {
  it.each([
    ["auth", OpenAI.AuthenticationError, Anthropic.AuthenticationError, "invalid_api_key", "authentication_error"],
    ["forbidden", OpenAI.PermissionDeniedError, Anthropic.PermissionDeniedError, undefined, "permission_error"],
    ["rate-limit", OpenAI.RateLimitError, Anthropic.RateLimitError, "rate_limit_exceeded", "rate_limit_error"],
    ["quota", OpenAI.RateLimitError, Anthropic.APIError, "insufficient_quota", "billing_error"],
    ["context", OpenAI.BadRequestError, Anthropic.BadRequestError, "context_length_exceeded", "invalid_request_error"],
    ["server", OpenAI.InternalServerError, Anthropic.InternalServerError, "server_error", "api_error"],
    ["overloaded", OpenAI.InternalServerError, Anthropic.InternalServerError, "overloaded", "overloaded_error"],
  ] as const)("%s is the same error for stock clients", async (kind, chatError, messagesError, code, type) => {
    const { url, simulator } = await world();
    simulator.script({ kind, times: 4 });
    const openai = openaiAt(url);
    const messages = [{ role: "user" as const, content: "Hello" }];
    const chat = await failed(openai.chat.completions.create({ model: "anthropic", messages }));
    expect(chat).toBeInstanceOf(chatError);
    if (code !== undefined) expect(chat.code).toBe(code);
    expect(await failed(openai.responses.create({ model: "google", input: "Hello" }))).toBeInstanceOf(chatError);
    const anthropic = await failed(anthropicAt(url).messages.create({ model: "openai", max_tokens: 9, messages }));
    expect(anthropic).toBeInstanceOf(messagesError);
    expect(anthropic.type).toBe(type);
    const google = await failed(googleAt(url).models.generateContent({ model: "openai", contents: "Hello" }));
    expect(google.status).toBeGreaterThanOrEqual(400);
  });

  it("tells how long to wait, and whether to repeat", async () => {
    const { post, simulator } = await world();
    simulator.script({ kind: "rate-limit", retryAfter: 7 }, { kind: "context" });
    const limited = await post(CHAT, chatBody("openai"));
    expect([limited.status, limited.headers.get("retry-after"), limited.headers.get("x-should-retry")]).toEqual([
      ...[429, "7", null],
    ]);
    const long = await post("/v1/messages", { ...chatBody("openai"), max_tokens: 9 });
    expect(long.headers.get("x-should-retry")).toBe("false");
    expect(await long.json()).toMatchObject({
      error: { type: "invalid_request_error", message: "prompt is too long: 130001 tokens > 128000 maximum" },
    });
  });

  it("is an error event once the stream has begun, never a clean end", async () => {
    const { clients, simulator, log } = await world();
    for (const wire of WIRES) {
      simulator.script({ cut: { afterEvents: 6 } });
      const read = async () => {
        for await (const _ of clients[wire].stream("openai", "Tell me of Oslo."));
      };
      await expect(read(), wire).rejects.toThrow();
    }
    expect(log.map(({ status, code }) => [status, code])).toEqual(WIRES.map(() => [200, "stream_truncated"]));
  });
});

describe("the table of errors", () => {
  it("has a status and a code of each wire for every code of a call", () => {
    const rows = Object.keys(ERROR_CODES).map((code) => {
      const error = new ModelError({ code: code as ModelErrorCode, message: "what happened" });
      const failure = failureOf(error);
      const statuses = WIRES.map((wire) => GATEWAY_WIRES[wire].problem(failure.problem, "req").status);
      const repeat = failureHeaders(failure)["x-should-retry"] ?? "true";
      return `${code}: ${statuses.join(" ")} ${repeat}`;
    });
    expect(rows).toMatchInlineSnapshot(`
      [
        "rate_limited: 429 429 429 429 true",
        "quota_exhausted: 429 429 402 429 false",
        "overloaded: 503 503 529 503 true",
        "server_error: 500 500 500 500 true",
        "connection_failed: 502 502 502 502 true",
        "timed_out: 504 504 504 504 true",
        "stream_truncated: 502 502 502 502 true",
        "protocol_error: 502 502 502 502 true",
        "degenerate_output: 502 502 502 502 false",
        "unauthorized: 401 401 401 401 false",
        "forbidden: 403 403 403 403 false",
        "not_found: 404 404 404 404 false",
        "invalid_request: 400 400 400 400 false",
        "unsupported: 400 400 400 400 false",
        "context_too_long: 400 400 400 400 false",
        "request_too_large: 413 413 413 413 false",
        "content_filtered: 400 400 400 400 false",
        "refused: 400 400 400 400 false",
        "invalid_output: 502 502 502 502 true",
        "invalid_tool_call: 502 502 502 502 true",
        "empty_response: 502 502 502 502 true",
        "budget_exceeded: 429 429 402 429 false",
        "limit_exceeded: 429 429 429 429 true",
        "state_unavailable: 503 503 503 503 true",
        "rejected: 403 403 403 403 false",
        "circuit_open: 503 503 503 503 true",
        "bulkhead_full: 503 503 503 503 true",
        "redirect_blocked: 502 502 502 502 false",
        "proxy_refused: 502 502 502 502 false",
        "aborted: 503 503 503 503 true",
        "all_models_failed: 502 502 502 502 true",
      ]
    `);
  });

  it("tells nothing of a defect", () => {
    const { problem } = failureOf(new TypeError("secret is undefined"));
    expect(JSON.stringify(problem)).not.toContain("secret");
  });
});

describe("a request that cannot be served", () => {
  it("is a 404 with a near name for a model that models.toml lacks", async () => {
    const { url, post } = await world();
    const messages = [{ role: "user" as const, content: "Hello" }];
    const error = await failed(openaiAt(url).chat.completions.create({ model: "antropic", messages }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error.code).toBe("model_not_found");
    expect(String(error.message)).toContain("Did you mean `anthropic`?");
    const anthropic = await failed(anthropicAt(url).messages.create({ model: "nothing", max_tokens: 9, messages }));
    expect(anthropic).toBeInstanceOf(Anthropic.NotFoundError);
    expect(String(anthropic.message)).toContain("Models: openai, openai-responses, anthropic, google.");
    const google = await post("/v1beta/models/gogle:generateContent", { contents: [{ parts: [{ text: "Hi" }] }] });
    expect(google.status).toBe(404);
    expect(await google.json()).toMatchObject({ error: { status: "NOT_FOUND" } });
  });

  it.each([
    ["background", true],
    ["conversation", "conv_1"],
    ["prompt", { id: "pmpt_1" }],
    ["previous_response_id", "resp_1"],
  ])("is a 400 that names %s of a response", async (field, value) => {
    const { post } = await world();
    const response = await post("/v1/responses", { model: "openai", input: "Hello", [field]: value });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: field } });
  });

  it.each([
    ["invalid JSON", "{", 400],
    ["a list", "[]", 400],
    ["no messages", '{"model":"openai"}', 400],
    ["deep nesting", `{"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}`, 400],
  ])("is a 400 for %s", async (_, body, status) => {
    const { post } = await world();
    const response = await post(CHAT, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
  });

  it("is a 404 in the words of the wire for an unknown path", async () => {
    const { url } = await world();
    for (const path of ["/v1/nothing", "/v1/messages/nothing", "/v1beta/nothing"])
      expect(await (await fetch(url + path)).json()).toMatchObject({ error: expect.any(Object) });
    expect((await fetch(`${url}/v1/nothing`)).status).toBe(404);
  });

  it.each([
    ["/v1/responses", { input: "Hi", tools: [{ type: "file_search" }], tool_choice: { type: "file_search" } }],
    ["/v1/responses", { input: "Hi", tools: [{ type: "file_search" }], tool_choice: "required" }],
    [
      "/v1/messages",
      {
        ...{ max_tokens: 9, messages: [{ role: "user", content: "Hi" }] },
        ...{
          tools: [{ type: "web_fetch_20250910", name: "web_fetch" }],
          tool_choice: { type: "tool", name: "web_fetch" },
        },
      },
    ],
  ])("is a 400 of %s for a forced tool that cannot be called", async (path, body) => {
    const { post } = await world();
    const response = await post(path, { model: "openai", ...body });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("tool_choice requires")]);
  });

  it("is refused with the field if the entry is strict", async () => {
    const { post, simulator } = await world({ lines: "num_retries = 0\nstrict = true" });
    const response = await post(CHAT, chatBody("anthropic", { unknown_field: 1 }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: "unknown_field", code: "unsupported" } });
    expect(simulator.requests).toEqual([]);
  });
});
