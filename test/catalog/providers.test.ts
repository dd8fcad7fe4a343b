import { describe, expect, test } from "vitest";
import { findProvider, PROVIDERS } from "../../src/catalog/providers.ts";

const PROMISED = [
  ...[
    "openai",
    "azure",
    "anthropic",
    "google",
    "vertex",
    "deepseek",
    "groq",
    "mistral",
    "xai",
    "together",
    "fireworks",
    "openrouter",
  ],
  ...[
    "perplexity",
    "cerebras",
    "cohere",
    "huggingface",
    "databricks",
    "nvidia",
    "moonshot",
    "dashscope",
    "zhipuai",
    "github",
    "copilot",
  ],
  ...["bedrock", "ollama", "vllm", "lmstudio", "llamacpp", "litellm", "simulator"],
];

describe("providers", () => {
  test.each(PROMISED)("%s resolves", (id) => {
    expect(findProvider(id)?.id).toBe(id);
  });

  test("have one row each, sorted by id", () => {
    const ids = PROVIDERS.map((row) => row.id);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  test.each(PROVIDERS.map((row) => [row.id, row] as const))(
    "%s has docs, a URL and a credential, or their replacement",
    (_id, row) => {
      expect(new URL(row.docs).protocol).toBe("https:");
      expect(row.label).not.toBe("");
      expect(row.keyless === true || row.keyEnv.length > 0).toBe(true);
      if (row.baseUrl === undefined) expect(row.baseUrlShape).toMatch(/^https?:\/\//);
      else expect(new URL(row.baseUrl).href.replace(/\/$/, "")).toBe(row.baseUrl);
    },
  );

  test("key variables are well-formed", () => {
    for (const row of PROVIDERS) for (const name of row.keyEnv) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
  });

  test("only local servers are unencrypted", () => {
    const plain = PROVIDERS.filter((row) => row.baseUrl?.startsWith("http:"));
    expect(plain.map((row) => new URL(row.baseUrl ?? "").hostname)).toEqual(plain.map(() => "127.0.0.1"));
    expect(plain.every((row) => row.keyless === true)).toBe(true);
  });

  test("URLs follow the SDK convention: Anthropic and Gemini without a version", () => {
    for (const row of PROVIDERS)
      if (row.dialect !== "openai" && row.baseUrl !== undefined) expect(new URL(row.baseUrl).pathname).toBe("/");
  });

  test.each([
    ["openai", "https://api.openai.com/v1"],
    ["anthropic", "https://api.anthropic.com"],
    ["google", "https://generativelanguage.googleapis.com"],
    ["deepseek", "https://api.deepseek.com"],
    ["huggingface", "https://router.huggingface.co/v1"],
    ["zhipuai", "https://open.bigmodel.cn/api/paas/v4"],
    ["dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"],
    ["cohere", "https://api.cohere.ai/compatibility/v1"],
    ["github", "https://models.github.ai/inference"],
    ["copilot", "https://api.githubcopilot.com"],
  ])("%s is at %s", (id, baseUrl) => {
    expect(findProvider(id)?.baseUrl).toBe(baseUrl);
  });

  test("hosts have their known quirks", () => {
    expect(findProvider("openai")?.quirks.maxTokensKey).toBe("max_completion_tokens");
    expect(findProvider("deepseek")?.quirks).toMatchObject({
      maxTokensKey: "max_tokens",
      reasoningField: "reasoning_content",
      jsonMode: "json_object",
    });
    expect(findProvider("huggingface")?.quirks.defaults).toEqual({ topP: 0.9 });
    expect(findProvider("mistral")?.quirks.toolIds).toBe("nine-alphanumeric");
    expect(findProvider("azure")?.auth).toBe("api-key");
    expect(Object.keys(findProvider("copilot")?.headers ?? {})).toEqual(["editor-version"]);
    expect(findProvider("copilot")?.tokenHook).toBe(true);
  });

  test("an unknown name is undefined, even for names of the prototype", () => {
    for (const id of ["", "opena1", "constructor", "__proto__"]) expect(findProvider(id)).toBeUndefined();
  });
});
