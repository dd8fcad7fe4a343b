import { describe, expect, test } from "vitest";
import { type Capability, isModelError, ModelFactory } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const PROMPT = "Write a function in TypeScript that adds two numbers and returns their sum.";
const TOOL = {
  name: "get_weather",
  description: "The weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};

describe("token counts before the call", () => {
  test("are estimated without a request, within a third of what the provider counts", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    const estimated = await model.countTokens(PROMPT);
    expect(simulator.requests).toHaveLength(0);
    const { usage } = await model.codegen(PROMPT);
    expect(Math.abs(estimated - usage.input) / usage.input).toBeLessThan(0.34);
  });

  test("grow with instructions, tools, images and history, of the entry or of the call", async () => {
    const factory = factoryOf(
      `${entry("openai", "http://127.0.0.1:9")}${entry("openai", "http://127.0.0.1:9", 'system = "Answer as briefly as you can, in one sentence."', { table: "told" })}`,
    );
    const [plain, told] = [factory.get("main"), factory.get("told")];
    const bare = await plain.countTokens(PROMPT);
    expect(await told.countTokens(PROMPT)).toBeGreaterThan(bare);
    expect(await plain.countTokens(PROMPT, { system: "Answer as briefly as you can." })).toBeGreaterThan(bare);
    expect(await plain.countTokens(PROMPT, { tools: [TOOL] })).toBeGreaterThan(bare);
    expect(
      await plain.countTokens([
        {
          role: "user",
          content: [
            { type: "text", text: PROMPT },
            { type: "image", url: "https://example.com/a.png" },
          ],
        },
      ]),
    ).toBeGreaterThan(bare + 100);
    expect(
      await plain.countTokens([
        { role: "user", content: PROMPT },
        { role: "assistant", content: "sum" },
        { role: "user", content: "Thanks" },
      ]),
    ).toBeGreaterThan(bare);
  });

  test.each(WIRES.flatMap((wire) => [[wire, "attempt", "timeout"] as const, [wire, "deadline", "deadline"] as const]))(
    "are not waited for longer than the limits of a call on the %s wire (%s)",
    async (wire, phase, key) => {
      const server = await serve(() => {});
      const model = factoryOf(entry(wire, server.url, `${key} = "200ms"`)).create();
      const error = await failureOf(model.countTokens(PROMPT, { exact: true }));
      expect(error).toMatchObject({ code: "timed_out", phase });
      expect(error.message).toContain(`no token count within 0.2 s (${key})`);
    },
  );

  test.each(["openai", "openai-responses", "anthropic", "google"] as const)(
    "are counted by the provider on the %s wire with `exact`",
    async (wire) => {
      const simulator = await simulate();
      const model = factoryOf(entry(wire, simulator.url)).create();
      const exact = await model.countTokens(PROMPT, { exact: true, system: "Be brief.", tools: [TOOL] });
      expect(simulator.requests).toHaveLength(1);
      expect(simulator.requests[0]?.path).toMatch(
        {
          openai: /\/responses\/input_tokens$/,
          "openai-responses": /\/responses\/input_tokens$/,
          anthropic: /\/messages\/count_tokens/,
          google: /:countTokens/,
        }[wire],
      );
      expect(Number.isInteger(exact)).toBe(true);
      const { usage } = await model.codegen(PROMPT, { system: "Be brief.", tools: [TOOL], toolChoice: "none" });
      expect(Math.abs(exact - usage.input)).toBeLessThanOrEqual(8);
    },
  );

  test("fail with `exact` without such an endpoint, and nothing is sent", async () => {
    const server = await serve(() => chatBody("no"));
    const hosts = ["groq", "deepseek", "my-own-server"].map(
      (provider, index) =>
        `[models.m${index}]\nname = "m"\nprovider = "${provider}"\napi_key = "k"\nbase_url = "${server.url}/v1"\ncustom_llm_provider = "openai"\n`,
    );
    const factory = factoryOf(hosts.join(""));
    for (const name of factory.names()) {
      expect((await failureOf(factory.get(name).countTokens(PROMPT, { exact: true }))).code).toBe("unsupported");
      expect(await factory.get(name).countTokens(PROMPT)).toBeGreaterThan(10);
    }
    expect(server.arrivals).toHaveLength(0);
  });

  test.each(WIRES)("fail after one request when counting on the %s wire fails", async (wire: Wire) => {
    const simulator = await simulate({ script: [{ kind: "auth" }] });
    const error = await failureOf(factoryOf(entry(wire, simulator.url)).create().countTokens(PROMPT, { exact: true }));
    expect(error.code).toBe("unauthorized");
    expect(simulator.requests).toHaveLength(1);
  });

  test("reject invalid input like any call", async () => {
    const model = factoryOf(entry("openai", "http://127.0.0.1:9")).create();
    expect((await failureOf(model.countTokens(""))).code).toBe("invalid_request");
    expect(() => model.estimate("")).toThrow(/empty/);
  });
});

describe("estimate()", () => {
  const priced = (lines: string) => factoryOf(entry("openai", "http://127.0.0.1:9", lines)).create();

  test("is tokens times price, for prompt and maximum answer, without a request", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url, "max_new_tokens = 1000")).create();
    const tokens = await model.countTokens(PROMPT);
    const { usd, maxUsd, ...rest } = model.estimate(PROMPT);
    expect(rest).toEqual({ tokens, maxOutput: 1000 });
    expect(usd).toBeCloseTo((tokens * 3) / 1e6, 12);
    expect(maxUsd).toBeCloseTo((tokens * 3 + 1000 * 15) / 1e6, 12);
    expect(model.estimate(PROMPT, { maxNewTokens: 10 }).maxUsd).toBeCloseTo((tokens * 3 + 10 * 15) / 1e6, 12);
    expect(simulator.requests).toHaveLength(0);
  });

  test("includes all requests and answers of several samples", () => {
    const estimateOn = (wire: Wire) =>
      factoryOf(entry(wire, "http://127.0.0.1:9", "max_new_tokens = 100\nbatch_size = 2"))
        .create()
        .estimate(PROMPT, { samples: 3 });
    const { tokens, maxUsd } = estimateOn("openai");
    expect(maxUsd).toBeCloseTo((2 * tokens * 3 + 300 * 15) / 1e6, 12);
    expect(estimateOn("anthropic").maxUsd).toBeCloseTo((3 * tokens * 3 + 300 * 15) / 1e6, 12);
  });

  test("uses the catalog's limit, and none for unknown models", () => {
    expect(priced("").estimate(PROMPT)).toMatchObject({ maxOutput: null, maxUsd: null });
    const known = factoryOf(entry("openai", "http://127.0.0.1:9", "", { name: "gpt-4o", priced: false }))
      .create()
      .estimate(PROMPT);
    expect(known.maxOutput).toBe(16_384);
    expect(known.maxUsd).toBeGreaterThan(known.usd ?? Number.POSITIVE_INFINITY);
  });

  test("needs no price of one-hour cache writes on a wire format without them", () => {
    const cached = (wire: Wire, name: string) =>
      factoryOf(entry(wire, "http://127.0.0.1:9", 'prompt_cache = { ttl = "1h" }', { name, priced: false })).create();
    for (const wire of ["openai", "openai-responses"] as const)
      expect(cached(wire, "gpt-5.6-sol").estimate(PROMPT).usd, wire).toBeGreaterThan(0);
  });

  test("is null, never 0, for an unknown price", () => {
    const model = factoryOf(entry("openai", "http://127.0.0.1:9", "max_new_tokens = 10", { priced: false })).create();
    expect(model.estimate(PROMPT)).toMatchObject({ usd: null, maxUsd: null });
  });
});

describe("the description of a model", () => {
  const names = ["gpt-4o", "o3-mini", "o1-mini", "gpt-4", "claude-3-opus-20240229", "gemini-2.5-pro"] as const;
  const flags: readonly Capability[] = [
    "reasoning",
    "stop",
    "tools",
    "parallelTools",
    "vision",
    "files",
    "audio",
    "promptCache",
    "jsonSchema",
    "temperature",
    "streaming",
    "webSearch",
  ];
  const providerOf = (name: string) =>
    name.startsWith("claude") ? "anthropic" : name.startsWith("gemini") ? "google" : "openai";
  const factoryFor = (name: string, lines = "") =>
    factoryOf(`[models.main]\nname = "${name}"\nprovider = "${providerOf(name)}"\napi_key = "k"\n${lines}`);

  test("supports() matches the catalog for twelve flags of six models, and accepts models.toml keys", () => {
    for (const name of names) {
      const factory = factoryFor(name);
      const model = factory.create();
      const known = factory.info(name)?.capabilities;
      expect(known, name).toBeDefined();
      for (const flag of flags) expect(model.supports(flag), `${name} ${flag}`).toBe(known?.[flag] !== false);
      expect(model.supports("json_schema")).toBe(model.supports("jsonSchema"));
      expect(model.supports("parallel_tools")).toBe(model.supports("parallelTools"));
    }
    expect(factoryFor("gpt-4").create().supports("tools")).toBe(true);
    expect(factoryFor("o1-mini").create().supports("tools")).toBe(false);
  });

  test("supports() rejects an unknown capability with a suggestion", () => {
    const model = factoryFor("gpt-4").create();
    const refusal = (word: string) => {
      try {
        return String(model.supports(word as "tools"));
      } catch (error) {
        return isModelError(error, "invalid_request") ? error.message : "another error";
      }
    };
    expect(refusal("toolz")).toBe('supports: unknown capability "toolz" (did you mean "tools"?)');
    expect(refusal("json_shema")).toContain('did you mean "jsonSchema"');
    expect(refusal("telepathy")).toContain("known capabilities: reasoning, stop, tools");
    expect(refusal("context")).toContain("unknown capability");
    expect(refusal(undefined as never)).toContain("unknown capability");
  });

  test("the entry's capabilities take precedence over the catalog", () => {
    expect(factoryFor("o1-mini", "capabilities = { tools = true }").create().supports("tools")).toBe(true);
    expect(factoryFor("gpt-4o", "capabilities = { vision = false }").create().supports("vision")).toBe(false);
  });

  test("supportedParams() lists supported parameters, and null for an unknown model", () => {
    const claude = factoryFor("claude-sonnet-4-5").create().supportedParams();
    expect(claude).toContain("stop");
    expect(claude).not.toContain("n");
    expect(claude).not.toContain("seed");
    const o3 = factoryFor("o3-mini").create().supportedParams();
    expect(o3).toContain("reasoning_effort");
    expect(o3).not.toContain("top_p");
    expect(factoryFor("nobody-knows-this").create().supportedParams()).toBeNull();
  });

  test("info() returns limits and prices of a known id, null for others", () => {
    const factory = factoryFor("gpt-4o");
    expect(factory.info("gpt-4o")).toMatchObject({
      id: "gpt-4o",
      provider: "openai",
      context: 128_000,
      maxOutput: 16_384,
      price: { input: 2.5, output: 10 },
    });
    for (const unknown of ["nobody-knows-this", "", "__proto__", "constructor"])
      expect(factory.info(unknown), unknown).toBeNull();
  });

  test("config is frozen throughout, and has no secret", () => {
    const toml = `[models.main]\nname = "gpt-4o"\nprovider = "openai"\napi_key = "sk-very-secret"\nproxy = "http://user:hush@127.0.0.1:1"\nextra_headers = { "X-Api-Key" = "sk-other-secret", X-Auth = "by-another-name", Accept-Language = "de" }\nstop = ["END"]\n`;
    const { config } = factoryOf(toml).create();
    const text = JSON.stringify(config);
    for (const secret of ["sk-very-secret", "hush", "sk-other-secret", "by-another-name"])
      expect(text).not.toContain(secret);
    expect(text).toContain("de");
    expect(() => ((config as { name: string }).name = "other")).toThrow(TypeError);
    expect(() => (config["stop"] as string[]).push("x")).toThrow(TypeError);
  });

  test("config is frozen and masked for groups and scopes too, and new after a reload", async () => {
    const toml = (key: string, stop: string) =>
      `[models.main]\nname = "gpt-4o"\nprovider = "openai"\napi_key = ["${key}", "env:SPARE_KEY:-${key}2"]\nstop = ["${stop}"]\n` +
      `metadata = { team = "a" }\nextra_body = { nested = { api_key = "${key}" } }\n[groups.all]\nmembers = ["main"]\n`;
    const env = { SPARE_KEY: "sk-from-the-environment" };
    const factory = ModelFactory.parse(toml("sk-of-the-old-file", "OLD"), { env });
    const models = [factory.get("main"), factory.get("main", { scope: { org: "acme" } }), factory.get("all")];
    const secrets = ["sk-of-the-old-file", "sk-of-the-new-file", "sk-from-the-environment"];
    for (const stop of ["OLD", "NEW"]) {
      if (stop === "NEW") await factory.reload(toml("sk-of-the-new-file", "NEW"));
      for (const { config } of models) {
        expect(config["stop"]).toEqual([stop]);
        expect(everyObjectIn(config).filter((one) => !Object.isFrozen(one))).toEqual([]);
        for (const secret of secrets) expect(JSON.stringify(config)).not.toContain(secret);
      }
    }
    await factory.close();
  });

  test("String(model) is its name; the same name gives the same model", () => {
    const factory = ModelFactory.parse('[models.gpt-4]\nname = "gpt-4o"\nprovider = "openai"\napi_key = "k"\n', {
      env: {},
    });
    expect(String(factory.create())).toBe("gpt-4");
    expect(factory.create().name).toBe("gpt-4");
    expect(factory.create()).toBe(factory.create("gpt-4"));
    expect(JSON.stringify(factory.create())).not.toContain('"k"');
  });
});

function everyObjectIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(everyObjectIn)];
}
