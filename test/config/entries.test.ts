import { describe, expect, test } from "vitest";
import { errorOf, parse, refusal } from "../harness/parse-config.ts";

describe("an entry", () => {
  const config = parse(`
[defaults]
num_retries = 1
timeout = 30
temperature = 0.1
[providers.anthropic]
temperature = 0.2
top_p = 0.5
[models.base]
name = "claude-sonnet-4-5"
provider = "anthropic"
top_p = 0.6
seed = 7
[models.coder]
extends = "base"
seed = 8
`);

  test("inherits from defaults, then its provider, then its parent; its own keys take precedence", () => {
    expect(config.entry("coder")).toEqual({
      entry: "coder",
      name: "claude-sonnet-4-5",
      provider: "anthropic",
      numRetries: 1,
      timeout: 30_000,
      temperature: 0.2,
      topP: 0.6,
      seed: 8,
    });
  });

  test("has an origin for each value, in either spelling", () => {
    const file = "models.toml";
    expect(config.origin("coder", "num_retries")).toEqual({
      layer: "defaults",
      from: "defaults",
      file,
      line: 3,
      column: 15,
    });
    expect(config.origin("coder", "temperature")).toEqual({
      layer: "provider",
      from: "providers.anthropic",
      file,
      line: 7,
      column: 15,
    });
    expect(config.origin("coder", "topP")).toEqual({
      layer: "extends",
      from: "models.base",
      file,
      line: 12,
      column: 9,
    });
    expect(config.origin("coder", "seed")).toEqual({ layer: "entry", from: "models.coder", file, line: 16, column: 8 });
    expect(config.origin("coder", "stop")).toBeUndefined();
  });

  test("inherits fallbacks without itself; an empty array disables them", () => {
    const { entry } = bound(`
[models.a]
name = "a"
provider = "openai"
fallback_models = ["b", "c"]
[models.b]
extends = "a"
[models.c]
extends = "a"
fallback_models = []
`);
    expect(entry("a").fallbackModels).toEqual(["b", "c"]);
    expect(entry("b").fallbackModels).toEqual(["c"]);
    expect(entry("c").fallbackModels).toEqual([]);
  });

  test("inherits tables key by key, with case-insensitive header names, and complete arrays", () => {
    const { entry } = bound(`
[defaults]
extra_headers = { "X-Team" = "one", "X-Job" = "nightly" }
capabilities = { tools = true, vision = true }
pricing = { input = 1, cache_write_1h = 2 }
stop = ["a", "b"]
[models.a]
name = "a"
provider = "openai"
extra_headers = { "x-team" = "two" }
capabilities = { vision = false, max_output = 5 }
pricing = { input = 3 }
stop = "c"
`);
    expect(entry("a")).toMatchObject({
      extraHeaders: { "x-team": "two", "X-Job": "nightly" },
      capabilities: { tools: true, vision: false, maxOutput: 5 },
      pricing: { input: 3, cacheWrite1h: 2 },
      stop: ["c"],
    });
  });

  test("treats a key and its alias as one key", () => {
    const { entry, origin } = bound(`
[models.a]
name = "a"
provider = "openai"
max_tokens = 5
max_retries = 9
[models.b]
extends = "a"
max_new_tokens = 6
`);
    expect(entry("a")).toMatchObject({ maxNewTokens: 5, numRetries: 9 });
    expect(entry("b").maxNewTokens).toBe(6);
    expect(entry("b")).not.toHaveProperty("maxTokens");
    expect(origin("a", "max_new_tokens")).toMatchObject({ line: 5, column: 14 });
  });

  test("inherits URL and credentials only from the same provider", () => {
    const { entry } = bound(`
[models.a]
name = "a"
provider = "anthropic"
api_key = "secret-of-anthropic"
base_url = "https://proxy.example.com"
extra_headers = { "anthropic-beta" = "x" }
temperature = 0.3
[models.b]
extends = "a"
provider = "openai"
`);
    expect(entry("b")).toEqual({ entry: "b", name: "a", provider: "openai", temperature: 0.3 });
  });
});

describe("a profile", () => {
  const text = `
[defaults]
temperature = 0.1
[models.coder]
name = "claude"
provider = "anthropic"
api_key = "env:ANTHROPIC_API_KEY"
extra_headers = { A = "1" }
[models.fast]
extends = "coder"
name = "haiku"
[profiles.ci]
default_model = "fast"
[profiles.ci.defaults]
temperature = 0
[profiles.ci.models.coder]
provider = "simulator"
extra_headers = { B = "2" }
[profiles.ci.models.only-here]
name = "x"
provider = "openai"
`;

  test("overrides the file key by key, and keeps the provider that the simulator replaces", () => {
    const config = parse(text, { profile: "ci" });
    expect(config.profile).toBe("ci");
    expect(config.names).toEqual(["coder", "fast", "only-here"]);
    expect(config.defaultModel).toBe("fast");
    expect(config.entry("coder")).toMatchObject({
      provider: "simulator",
      simulatedProvider: "anthropic",
      temperature: 0,
      extraHeaders: { A: "1", B: "2" },
    });
    expect(config.entry("fast")).toMatchObject({
      name: "haiku",
      provider: "simulator",
      simulatedProvider: "anthropic",
    });
    expect(config.origin("coder", "provider")).toMatchObject({
      layer: "profile",
      from: "profiles.ci.models.coder",
      line: 17,
    });
  });

  test("is selected with MODELWRIGHT_PROFILE or the option, which takes precedence", () => {
    expect(parse(text, { env: { MODELWRIGHT_PROFILE: "ci" } }).profile).toBe("ci");
    const plain = parse(text, { profile: "", env: { MODELWRIGHT_PROFILE: "ci" } });
    expect(plain.entry("coder")).toEqual({
      entry: "coder",
      name: "claude",
      provider: "anthropic",
      apiKey: ["env:ANTHROPIC_API_KEY"],
      extraHeaders: { A: "1" },
      temperature: 0.1,
    });
    expect(plain.names).toEqual(["coder", "fast"]);
    expect(plain.profiles).toEqual(["ci"]);
  });

  test("is rejected with a suggestion if it does not exist", () => {
    expect(refusal(text, { profile: "cj" }).problems).toMatchObject([{ path: "profiles", suggestion: "ci" }]);
  });
});

describe("parsed values", () => {
  const entryOf = (line: string) => parse(`[models.a]\nname = "a"\nprovider = "openai"\n${line}\n`).entry("a");

  test.each([
    ["timeout = 1.5", 1_500],
    ['timeout = "500ms"', 500],
    ['timeout = "30s"', 30_000],
    ['timeout = "1.5m"', 90_000],
    ['timeout = "1h"', 3_600_000],
    ["timeout = 0", 0],
  ])("%s -> %d ms", (line, ms) => expect(entryOf(line).timeout).toBe(ms));

  test("are equal tools for OpenAI's and the flat format", () => {
    const tool = { name: "read", description: "Reads.", parameters: { type: "object", properties: {} } };
    expect(
      entryOf('tools = [{ type = "function", function = { name = "read", description = "Reads." } }]').tools,
    ).toEqual([tool]);
    expect(entryOf('tools = [{ name = "read", description = "Reads." }]').tools).toEqual([tool]);
    expect(entryOf('tools = [{ type = "function", name = "read", strict = true }]').tools).toEqual([
      { name: "read", strict: true, parameters: tool.parameters },
    ]);
  });

  test("are equal choices and formats for OpenAI's and the flat format", () => {
    expect(entryOf('tool_choice = { type = "function", function = { name = "read" } }').toolChoice).toEqual({
      name: "read",
    });
    expect(entryOf('tool_choice = { name = "read" }').toolChoice).toEqual({ name: "read" });
    const format = { type: "json_schema", name: "p", schema: { type: "object" }, strict: true };
    expect(
      entryOf(
        'response_format = { type = "json_schema", json_schema = { name = "p", schema = { type = "object" }, strict = true } }',
      ).responseFormat,
    ).toEqual(format);
    expect(
      entryOf('response_format = { type = "json_schema", name = "p", schema = { type = "object" }, strict = true }')
        .responseFormat,
    ).toEqual(format);
  });

  test("have tables in camelCase, with durations in milliseconds", () => {
    expect(entryOf('circuit_breaker = { threshold = 3, window = "1m", half_open_after = 2 }').circuitBreaker).toEqual({
      threshold: 3,
      window: 60_000,
      halfOpenAfter: 2_000,
    });
    expect(entryOf("circuit_breaker = false").circuitBreaker).toBe(false);
    expect(entryOf('web_search = { context_size = "low", max_uses = 2 }').webSearch).toEqual({
      contextSize: "low",
      maxUses: 2,
    });
    expect(entryOf('tls = { ca_file = "ca.pem", reject_unauthorized = false }').tls).toEqual({
      caFile: "ca.pem",
      rejectUnauthorized: false,
    });
    expect(entryOf('prompt_cache = { ttl = "1h", points = ["system", "last-user"] }').promptCache).toEqual({
      ttl: "1h",
      points: ["system", "last-user"],
    });
  });

  test.each([
    ["jitter = true", "full"],
    ["jitter = false", "none"],
    ['jitter = "decorrelated"', "decorrelated"],
  ])("%s -> %s", (line, jitter) => expect(entryOf(line).jitter).toBe(jitter));

  test("keep provider tables unchanged", () => {
    expect(entryOf("extra_body = { safe_prompt = true, nested = { some_key = [1, { a_b = 2 }] } }").extraBody).toEqual({
      safe_prompt: true,
      nested: { some_key: [1, { a_b: 2 }] },
    });
    expect(entryOf("retry_on = { rate_limited = 5 }").retryOn).toEqual({ rate_limited: 5 });
    expect(entryOf('retry_on = ["overloaded"]').retryOn).toEqual(["overloaded"]);
  });

  test("are deeply frozen", () => {
    const entry = entryOf("extra_body = { a = { b = 1 } }");
    expect(Object.isFrozen(entry) && Object.isFrozen(entry.extraBody) && Object.isFrozen(entry.extraBody?.a)).toBe(
      true,
    );
  });
});

describe("the complete file", () => {
  const text = `
[models.a]
name = "a"
provider = "openai"
[models.b]
name = "b"
provider = "openai"
[cache]
ttl = "2m"
[logging]
level = "WARNING"
format = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
[pricing."gpt-4.1"]
input = 2
cache_read = 0.5
[profiles.ci.pricing."gpt-4.1"]
output = 8
`;

  test("has sections with their defaults", () => {
    const config = parse(text, { profile: "ci" });
    expect(config.cache).toEqual({
      store: "memory",
      ttl: 120_000,
      maxEntries: 1_000,
      maxBytes: 64 * 1_048_576,
      namespace: "default",
    });
    expect(config.logging).toEqual({
      level: "warn",
      format: "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
      logContent: false,
    });
    expect(config.pricing).toEqual({ "gpt-4.1": { input: 2, cacheRead: 0.5, output: 8 } });
  });

  test("has the first entry as default model, and no cache or logging by default", () => {
    const config = parse('[models.z]\nname = "z"\nprovider = "openai"\n[models.a]\nname = "a"\nprovider = "openai"\n');
    expect(config.defaultModel).toBe("z");
    expect([config.cache, config.logging, config.pricing]).toEqual([undefined, undefined, {}]);
  });

  test("accepts default_model from the environment if it is an entry", () => {
    const env = { WHICH: "b" };
    expect(parse(`default_model = "env:WHICH"\n${text}`, { env }).defaultModel).toBe("b");
    expect(refusal(`default_model = "env:WHICH"\n${text}`, { env: { WHICH: "bb" } }).problems).toMatchObject([
      { line: 1, column: 17, suggestion: "b" },
    ]);
    expect(refusal(`default_model = "env:WHICH"\n${text}`).message).toContain("WHICH is not set");
  });

  test("rejects an unknown entry with a suggestion", () => {
    const error = errorOf(() => parse('[models.coder]\nname = "z"\nprovider = "openai"').entry("codr"));
    expect(error.problems).toMatchObject([{ suggestion: "coder" }]);
    expect(error.message).toBe('unknown model "codr"; known models: coder (did you mean "coder"?)');
  });

  test("accepts a custom server with four lines", () => {
    const config = parse(
      '[models.local]\nname = "qwen3"\nprovider = "my-server"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:8080/v1"\n',
    );
    expect(config.entry("local")).toMatchObject({
      provider: "my-server",
      customLlmProvider: "openai",
      baseUrl: "http://127.0.0.1:8080/v1",
    });
  });

  test("accepts a byte order mark and Windows line endings", () => {
    const error = refusal('\uFEFF[models.a]\r\nname = "a"\r\nprovider = "openai"\r\ntemperature = 3\r\n');
    expect(error.problems).toMatchObject([{ line: 4, column: 15 }]);
  });
});

function bound(text: string) {
  const config = parse(text);
  return { entry: config.entry.bind(config), origin: config.origin.bind(config) };
}

describe("a provider in the [defaults] of a profile", () => {
  const file = (more: string) => `[models.a]\nname = "gpt-4o"\nprovider = "openai"\n${more}`;

  test("is rejected when no entry uses it", () => {
    const { problems } = refusal(file('[profiles.ci.defaults]\nprovider = "deepseek"\n'), {});
    expect(problems).toMatchObject([{ line: 5, path: "profiles.ci.defaults.provider" }]);
    expect(problems[0]?.message).toContain('[profiles.ci.models.NAME] provider = "deepseek"');
  });

  test("is rejected for the simulator if one entry is not simulated", () => {
    const more =
      '[models.b]\nname = "x"\n[defaults]\nprovider = "openai"\n[profiles.ci.defaults]\nprovider = "simulator"\n';
    expect(refusal(file(more), {}).problems[0]?.message).toContain('no effect on "a"');
  });

  test("applies to entries without one, without the URL of the other provider", () => {
    const toml =
      '[defaults]\nprovider = "openai"\nbase_url = "http://127.0.0.1:7/v1"\n[profiles.ci.defaults]\nprovider = "deepseek"\n[models.a]\nname = "x"\n';
    const parsed = parse(toml, { profile: "ci" });
    expect(parsed.entry("a").provider).toBe("deepseek");
    expect(parsed.entry("a").baseUrl).toBeUndefined();
    expect(parse(toml, {}).entry("a").baseUrl).toBe("http://127.0.0.1:7/v1");
  });
});
