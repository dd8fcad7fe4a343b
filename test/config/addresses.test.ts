import { describe, expect, test } from "vitest";
import { addressProblem } from "../../src/config/address-checks.ts";
import { errorOf, FACTS, parse } from "../harness/parse-config.ts";

const problem = (value: string, wire: string, provider = "mine") =>
  addressProblem(value, wire, provider, FACTS.providers);

describe("a valid base URL", () => {
  test.each([
    ["https://api.openai.com/v1", "openai"],
    ["https://eu.api.openai.com/v1/", "openai-responses"],
    ["https://api.deepseek.com", "openai"],
    ["https://api.anthropic.com/v1/", "openai"],
    ["https://generativelanguage.googleapis.com/v1beta/openai", "openai"],
    ["https://gateway.ai.cloudflare.com/v1/account/gateway/anthropic", "anthropic"],
    ["https://me.openai.azure.com/openai/v1", "openai"],
    ["https://me.openai.azure.com", "openai"],
    ["http://127.0.0.1:8080/v1?key=k", "openai"],
    ["http://127.0.0.1:11434", "openai"],
    ["https://chat.example.com/completions-proxy", "openai"],
    ["https://example.com/chat/completions", "a wire of the program's own"],
  ])("%s over %s", (value, wire) => expect(problem(value, wire)).toBeUndefined());
});

test.each([
  ["https://example.com/v1/embeddings", "openai", "https://example.com/v1"],
  ["https://example.com/v1/completions", "openai", "https://example.com/v1"],
  ["https://example.com/v1/messages/count_tokens", "anthropic", "https://example.com"],
  ["https://example.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "google", "https://example.com"],
  ["https://openai.example.com/openai/v1/responses#x", "openai-responses", "https://openai.example.com/openai/v1"],
])("%s over %s gets the suggestion %s", (value, wire, meant) => expect(problem(value, wire)?.suggestion).toBe(meant));

test.each([
  ["http://api.openai.com", "openai", "https://api.openai.com/v1"],
  ["http://api.openai.com/v1", "openai", "https://api.openai.com/v1"],
  ["HTTP://API.openai.com/", "openai-responses", "https://api.openai.com/v1"],
  ["http://api.openai.com/v1/chat/completions", "openai", "https://api.openai.com/v1"],
  ["http://api.anthropic.com", "anthropic", "https://api.anthropic.com"],
  ["http://api.deepseek.com", "openai", "https://api.deepseek.com"],
])("%s, a known host without https, over %s gets the suggestion %s", (value, wire, meant) => {
  expect(problem(value, wire)).toEqual({
    message: expect.stringMatching(/^"base_url" of the \w+ API must begin with "https:\/\/"$/),
    suggestion: meant,
  });
});

test("reports the missing path of a known host in upper case", () => {
  expect(problem("https://API.openai.com", "openai")).toEqual({
    message: '"base_url" lacks "/v1", the path of the openai API',
    suggestion: "https://api.openai.com/v1",
  });
});

test("reports a known host without https", () => {
  const base = 'base_url = "http://api.openai.com/v1"\n';
  expect(errorOf(() => parse(`[models.a]\nname = "gpt-4.1"\nprovider = "openai"\n${base}`)).problems).toMatchObject([
    { line: 4, suggestion: "https://api.openai.com/v1" },
  ]);
});

describe("a URL in a variable", () => {
  const toml = '[models.a]\nname = "claude-sonnet-4-5"\nprovider = "anthropic"\nbase_url = "env:BASE"\n';

  test("is checked when the entry is used, with the variable and the correct value", () => {
    const config = parse(toml, { env: { BASE: "https://proxy.example.com/v1" } });
    expect(errorOf(() => config.resolveEntry("a")).problems).toMatchObject([
      {
        line: 4,
        column: 12,
        message: expect.stringMatching(/^env:BASE: "base_url" must not end in "\/v1"/),
        suggestion: "https://proxy.example.com",
      },
    ]);
  });

  test("is not quoted with a password or a query", () => {
    const config = parse(toml, { env: { BASE: "https://user:hidden@example.com/v1/messages?key=hidden" } });
    const error = errorOf(() => config.resolveEntry("a"));
    expect(error.problems[0]?.suggestion).toBeUndefined();
    expect(error.message).not.toContain("hidden");
  });
});
