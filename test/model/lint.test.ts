import { describe, expect, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { factoryOf } from "../harness/simulated.ts";

/** Before any model of these tests retires. */
const EARLY = "2025-06-01";

const told = (toml: string, today = EARLY) =>
  factoryOf(toml, { clock: { now: () => Date.parse(`${today}T12:00:00Z`) } })
    .lint()
    .map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`);

const O3 = '[models.thinker]\nname = "o3"\nprovider = "openai"\n';

describe("lint reports without a request", () => {
  test("dropped and changed settings, with their position", () => {
    expect(told(`${O3}temperature = 0.2\nreasoning_effort = "xhigh"\nmax_new_tokens = 500_000\n`)).toEqual([
      'warning 4:15 "temperature" is left out: o3 does not support it',
      'warning 5:20 "reasoning_effort" = "xhigh" becomes "high": o3 supports low, medium, high',
      'warning 6:18 "max_new_tokens" = 500000 becomes 100000: o3 generates at most 100000 tokens',
    ]);
  });

  test.each([
    ["strict = true", "strict is on"],
    ["drop_params = false", "drop_params is off"],
  ])("settings that cannot be sent with %s", (line, why) => {
    expect(told(`${O3}temperature = 0.2\n${line}\n`)).toEqual([
      `error 4:15 "temperature" cannot be sent, and ${why}: o3 does not support it`,
    ]);
  });

  test("the affected entry of an inherited setting", () => {
    expect(told(`[defaults]\ntemperature = 0.2\n${O3}`)).toEqual([
      'warning 2:15 in "thinker": "temperature" is left out: o3 does not support it',
    ]);
  });

  test("stop sequences that the library applies, and answers without room for a prompt", () => {
    const own =
      '[models.own]\nname = "own"\nprovider = "x"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n';
    expect(told(`${O3}stop = ["END"]\n`)[0]).toContain(
      '"stop" is left out: o3 does not support stop; the library ends the answer there',
    );
    expect(told(`${own}max_new_tokens = 8192\ncapabilities = { context = 4096 }\n`)).toEqual([
      'error 6:18 "max_new_tokens" (8192) leaves no room for a prompt: the context window of own has 4096 tokens',
    ]);
  });

  test("only the capabilities that a fallback lacks and the entry uses", () => {
    const old = '[models.old]\nname = "o1-mini"\nprovider = "openai"\n';
    const tools = 'tools = [{ name = "read" }]\nfallback_models = ["old"]\n';
    expect(told(`${O3}${tools}${old}`)).toEqual([
      'warning 5:19 the fallback "old" does not support tools, which "thinker" uses',
    ]);
    expect(told(`${O3}fallback_models = ["old"]\n${old}`)).toEqual([]);
  });

  test("of embeddings, only what concerns them", () => {
    const at = (table: string, name: string, lines = "") =>
      `[models.${table}]\nname = "${name}"\nprovider = "openai"\n${lines}`;
    const fallbacks = 'fallback_models = ["large", "chat"]\n';
    const small = at("small", "text-embedding-3-small", `temperature = 0.2\nmax_new_tokens = 64_000\n${fallbacks}`);
    const others = at("large", "text-embedding-3-large", "dimensions = 4_096\n") + at("chat", "gpt-6.1-terra");
    const idle = "has no effect: text-embedding-3-small computes embeddings and generates no answers";
    expect(told(small + others)).toEqual([
      `warning 4:15 "temperature" ${idle}`,
      `warning 5:18 "max_new_tokens" ${idle}`,
      'warning 6:19 embed() never uses the fallback "large": it serves text-embedding-3-large, whose vectors cannot be compared with those of text-embedding-3-small',
      'warning 6:19 embed() never uses the fallback "chat": it serves gpt-6.1-terra, whose vectors cannot be compared with those of text-embedding-3-small',
      "error 10:14 large (openai text-embedding-3-large): text-embedding-3-large has no vectors of 4096 dimensions; it has 1 to 3072. Nothing was sent",
    ]);
  });

  test("keys that have no effect on the kind of model, unless they are inherited", () => {
    const shared = "[defaults]\ntemperature = 0.2\ndimensions = 256\n";
    const chat = `[models.chat]\nname = "gpt-6.1-terra"\nprovider = "openai"\ndimensions = 256\nembed_batch_size = 9\n`;
    const claude = `[models.claude]\nname = "own"\nprovider = "anthropic"\ndimensions = 256\n`;
    const keys =
      'user = "u"\nnum_retries = 1\nsystem = "Hi"\non_break = "restart"\ntools = [{ name = "read" }]\nmax_tokens = 9\n';
    const embedder = `[models.embedder]\nname = "text-embedding-3-small"\nprovider = "openai"\n${keys}`;
    const unknown = `[models.unknown]\nname = "voyage-3.5"\nprovider = "x"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:1/v1"\nembed_batch_size = 9\ntemperature = 1\n`;
    const found = told(shared + chat + claude + embedder + unknown).filter((text) => text.includes("no effect"));
    expect(found.map((text) => text.replace(/^warning (\d+):\d+ "(\w+)" has no effect: /, "$1 $2: "))).toEqual([
      "7 dimensions: gpt-6.1-terra computes no embeddings",
      "8 embed_batch_size: gpt-6.1-terra computes no embeddings",
      "12 dimensions: own computes no embeddings",
      ...["21 max_new_tokens", "18 system", "20 tools", "19 on_break"].map(
        (place) => `${place}: text-embedding-3-small computes embeddings and generates no answers`,
      ),
    ]);
  });

  test("a required price that is unknown", () => {
    const own =
      '[models.own]\nname = "own"\nprovider = "x"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n';
    expect(told(`${own}strict_pricing = true\n`)[0]).toContain("error 2:8 own (x own): its price is unknown");
  });

  test("nothing for configured changes and for entries without a known URL", () => {
    expect(told(`${O3}temperature = 0.2\ndrop = ["temperature"]\nreasoning_effort = 0.5\n`)).toEqual([]);
    expect(told(`${O3}temperature = 0.2\nbase_url = "env:NOWHERE"\n`)).toEqual([]);
  });

  test("models that are retired or retire within 90 days, with their successor", () => {
    const mini = '[models.mini]\nname = "gpt-4o-mini"\nprovider = "openai"\n';
    const on = (day: string) => told(mini, day);
    expect(on("2026-10-15")).toEqual([]);
    expect(on("2026-10-16")).toEqual([
      expect.stringMatching(/^warning 2:8 gpt-4o-mini retires on 2027-01-14; use gpt-5\.\d-mini$/),
    ]);
    expect(on("2027-01-14")[0]).toContain("retires on");
    expect(on("2027-01-15")).toEqual([expect.stringContaining("gpt-4o-mini retired on 2027-01-14; use gpt-5")]);
    // Nobody is asked, and another host has dates of its own.
    expect(told(`${mini}[profiles.ci.models.mini]\nprovider = "simulator"`, "2026-10-15")).toEqual([]);
    expect(told(mini.replace("openai", "simulator"), "2027-01-15")).toEqual([]);
    expect(
      told(mini.replace("gpt-4o-mini", "openai/gpt-4o-mini").replace('"openai"', '"openrouter"'), "2027-01-15"),
    ).toEqual([]);
  });

  const named = (name: string, provider: string, more = "") =>
    told(`[models.m]\nname = "${name}"\nprovider = "${provider}"\n${more}`);

  test.each([
    ["gpt-4.1-mni", "openai", "gpt-4.1-mini"],
    ["gpt4.1-mini", "openai", "gpt-4.1-mini"],
    ["claude-sonet-4-5", "anthropic", "claude-sonnet-4-5"],
    ["claude-4-5-sonnet", "anthropic", "claude-sonnet-4-5"],
    ["gemini-2.5-flsh", "google", "gemini-2.5-flash"],
  ])("that %s at %s is a misspelled %s", (name, provider, meant) => {
    const factory = factoryOf(`[models.m]\nname = "${name}"\nprovider = "${provider}"`);
    expect(factory.lint()).toMatchObject([
      { severity: "warning", line: 2, message: `the catalog has no model "${name}" of ${provider}`, suggestion: meant },
    ]);
  });

  test.each([
    ["gpt-9", "openai"],
    ["gpt-4.2-mini", "openai"],
    ["gpt-4.1-max", "openai"],
    ["claude-sonnet-9", "anthropic"],
    ["ft:gpt-4.1-mini:org:name:id", "openai"],
    ["models/gemini-2.5-pro", "google"],
    ["qwen-mni", "ollama"],
  ])("nothing for %s at %s, which may be newer than the catalog or private", (name, provider) => {
    expect(named(name, provider)).toEqual([]);
  });

  test("ids with a provider prefix, as in LiteLLM", () => {
    const words = (id: string, provider: string) => named(id, provider)[0];
    expect(words("openai/gpt-4.1", "openai")).toBe(
      'warning 2:8 openai has no model "openai/gpt-4.1"; write name = "gpt-4.1"',
    );
    expect(words("anthropic/claude-sonnet-4-5", "openai")).toBe(
      'warning 2:8 openai has no model "anthropic/claude-sonnet-4-5"; write provider = "anthropic", name = "claude-sonnet-4-5"',
    );
    expect(words("gemini/gemini-2.5-pro", "google")).toContain('name = "gemini-2.5-pro"');
    expect(words("together_ai/some/model", "together")).toContain('name = "some/model"');
    expect(words("ollama/qwen3", "ollama")).toContain('name = "qwen3"');
    expect(named("openai/gpt-4.1", "openrouter")).toEqual([]);
    expect(named("openai/gpt-oss-120b", "groq")).toEqual([]);
    expect(named("meta-llama/Llama-3", "vllm")).toEqual([]);
    expect(named("openai/gpt-4.1", "openai", 'base_url = "http://127.0.0.1:4000/v1"')).toEqual([]);
  });

  test.each([
    [
      "claude-sonnet-4-5",
      "openai",
      "",
      'openai has no claude models such as "claude-sonnet-4-5"; write provider = "anthropic"',
    ],
    [
      "claude-opus-99",
      "google",
      "",
      'google has no claude models such as "claude-opus-99"; write provider = "anthropic"',
    ],
    ["gpt-9", "anthropic", "", 'anthropic has no gpt models such as "gpt-9"; write provider = "openai"'],
    [
      "gemini-2.5-pro",
      "anthropic",
      "",
      'anthropic has no gemini models such as "gemini-2.5-pro"; write provider = "google"',
    ],
    [
      "kimi-k3",
      "openai",
      "",
      'openai has no kimi models such as "kimi-k3"; write provider = "moonshot" or provider = "dashscope"',
    ],
    [
      "gpt-9",
      "mine",
      'custom_llm_provider = "anthropic"\nbase_url = "https://api.anthropic.com"',
      'anthropic has no gpt models such as "gpt-9"; write provider = "openai" without base_url and custom_llm_provider',
    ],
  ])("that %s at %s is a model of another vendor", (name, provider, more, message) => {
    expect(named(name, provider, more)).toEqual([`warning 3:12 ${message}`]);
  });

  test.each([
    ["claude-sonnet-4-5", "bedrock", 'base_url = "https://bedrock.example.com/v1"'],
    ["claude-sonnet-4-5", "openai", 'base_url = "http://127.0.0.1:4000/v1"'],
    ["claude-sonnet-4-5", "vertex", ""],
    [
      "gemini-2.5-pro",
      "google",
      'custom_llm_provider = "openai"\nbase_url = "https://generativelanguage.googleapis.com/v1beta/openai"',
    ],
    ["claude-sonnet-4-5", "simulator", ""],
    ["deepseek-chat", "dashscope", ""],
  ])("nothing for %s at %s, which may serve it", (name, provider, more) => {
    expect(named(name, provider, more).filter((line) => line.includes("has no"))).toEqual([]);
  });

  test("nothing for a valid file", async () => {
    const factory = await ModelFactory.load("models.toml", {
      env: {},
      clock: { now: () => Date.parse(EARLY) },
    });
    expect(factory.lint()).toEqual([]);
    await factory.close();
  });
});

describe("lint of budgets", () => {
  const CODER = '[models.coder]\nname = "claude-opus-5-5"\nprovider = "anthropic"\n';
  const messages = (toml: string) =>
    factoryOf(`${CODER}${toml}[ledger]\n`)
      .lint()
      .map(({ message, path, line }) => [path, line, message]);

  test("accepts a budget that holds many requests", () => {
    expect(messages("max_new_tokens = 1000\n[budgets.team]\nusd = 25\n")).toEqual([]);
  });

  test("reports one that holds fewer than ten of the largest requests", () => {
    const small = (usd: string, count: string) =>
      expect(messages(`max_new_tokens = 100_000\n[budgets.team]\nusd = ${usd}\n`)).toEqual([
        [
          "budgets.team.usd",
          6,
          `budget "team" ($${usd}) holds ${count} of "coder", which may cost up to $2.005 each; set max_new_tokens, or max_output of the budget`,
        ],
      ]);
    small("3.00", "fewer than 10 requests");
    small("2.00", "no request");
    small("0.00", "no request");
  });

  test("reports a rate limit that matches no entry", () => {
    const limit = '[rate_limits.host]\nrequests_per_minute = 5\nmatch = { providers = ["open-ai"] }\n';
    expect(messages(limit).map(([path, , message]) => [path, message])).toEqual([
      ["rate_limits.host.match", 'rate limit "host" matches no entry'],
    ]);
  });

  test("reports one that refuses an entry without a price, or matches none", () => {
    const unknown =
      '[models.own]\nname = "mine"\nprovider = "host"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n';
    const budgets =
      '[budgets.own]\nusd = 5\nmatch = { models = ["own"] }\n[budgets.none]\nusd = 5\nmatch = { providers = ["groq"] }\n';
    expect(messages(`${unknown}${budgets}`).map(([, , message]) => message)).toEqual([
      'budget "own" refuses calls to "own", because its price is unknown; add [models.own.pricing], price_as, or unpriced = "allow"',
      'budget "none" matches no entry',
    ]);
  });

  test("reports that spending is forgotten without a ledger", () => {
    const budget = "max_new_tokens = 1000\n[budgets.team]\nusd = 25\n";
    const lost = (state: string) =>
      factoryOf(`${CODER}${budget}${state}`)
        .lint()
        .map(({ message }) => message);
    expect(lost("")).toEqual(["what the budgets have spent is lost when the process ends; add a [ledger] table"]);
    expect(lost('[state]\nstore = "sqlite"\n')).toEqual([
      "what the budgets have spent is lost when the store loses its data; add a [ledger] table",
    ]);
  });
});
