import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FactoryOptions, type Logger, ModelFactory } from "../../src/index.ts";
import { catalogFile, devDocument, devModel, folder, textOf } from "../harness/catalog-document.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";

const TEXT = textOf(
  devDocument({
    openai: [devModel("gpt-99", { temperature: false })],
    "some-host": [devModel("m-1", { cost: { input: 10, output: 20 } })],
  }),
);

/** A cache folder with this text as its catalog. */
function cacheWith(text: string): string {
  const cache = folder();
  mkdirSync(join(cache, "modelwright"));
  writeFileSync(join(cache, "modelwright", "catalog.jsonl"), text);
  return cache;
}

const GPT_99 = '[models.new]\nname = "gpt-99"\nprovider = "openai"\napi_key = "k"\n';

async function loaded(toml: string, options: FactoryOptions): Promise<ModelFactory<Record<never, never>>> {
  const file = join(folder(), "models.toml");
  writeFileSync(file, toml);
  const factory = await ModelFactory.load<Record<never, never>>(file, options);
  onTestFinished(() => factory.close());
  return factory;
}

function listening() {
  const warnings: [string, unknown][] = [];
  const none = () => {};
  const logger: Logger = {
    debug: none,
    info: none,
    warn: (message, fields) => warnings.push([message, fields]),
    error: none,
  };
  return { logger, warnings };
}

describe("a factory", () => {
  test("uses the user's catalog when loaded from a file", async () => {
    const factory = await loaded(GPT_99, { env: { XDG_CACHE_HOME: cacheWith(TEXT), LOCALAPPDATA: cacheWith(TEXT) } });
    expect(factory.describe("new")).toMatchObject({
      context: 300_000,
      maxOutput: 50_000,
      price: { input: 2, output: 8, cacheRead: 0.5 },
      capabilities: { temperature: false, vision: true },
    });
    expect(factory.info("gpt-99")).toMatchObject({ provider: "openai", releasedOn: "2026-09-15" });
    expect(factory.create().supports("vision")).toBe(true);
    expect(factory.create().estimate("Hello").usd).toBeGreaterThan(0);
  });

  test("uses the built-in catalog without a file, without a cache directory, or with catalog: false", async () => {
    const environments = [{}, { XDG_CACHE_HOME: folder(), LOCALAPPDATA: folder() }];
    for (const env of environments)
      expect((await loaded(GPT_99, { env })).describe("new")).toMatchObject({ context: null, price: null });
    const env = { XDG_CACHE_HOME: cacheWith(TEXT) };
    expect((await loaded(GPT_99, { env, catalog: false })).describe("new").context).toBeNull();
  });

  test("reads only an explicit file when created from text", () => {
    const env = { XDG_CACHE_HOME: cacheWith(TEXT) };
    expect(factoryOf(GPT_99, { env }).describe("new").context).toBeNull();
    expect(factoryOf(GPT_99, { env, catalog: catalogFile(TEXT) }).describe("new").context).toBe(300_000);
  });

  test("reports a missing or invalid explicit file at once", async () => {
    for (const catalog of [join(folder(), "gone.jsonl"), catalogFile("{}")]) {
      expect(() => factoryOf(GPT_99, { catalog })).toThrow(
        /options\.catalog: the cached catalog .* (does not exist|was not written)/,
      );
      await expect(loaded(GPT_99, { catalog, env: {} })).rejects.toMatchObject({ name: "ConfigError" });
    }
  });

  test("ignores a damaged file with one warning", async () => {
    const damaged = [TEXT.slice(0, -9), "not JSON", TEXT.replace('"price":{"input":2', '"price":{"input":-2')];
    for (const text of damaged) {
      const { logger, warnings } = listening();
      const env = { XDG_CACHE_HOME: cacheWith(text) };
      const factory = await loaded(`${GPT_99}[models.other]\nname = "gpt-4o"\nprovider = "openai"\napi_key = "k"\n`, {
        env,
        logger,
      });
      expect(factory.describe("new").context).toBeNull();
      expect(factory.describe("other").context).toBe(128_000);
      expect(factory.info("gpt-99")).toBeNull();
      expect(warnings).toEqual([
        [
          "cached catalog ignored",
          expect.objectContaining({ help: "npx modelwright catalog update", reason: expect.any(String) }),
        ],
      ]);
    }
  });

  test("reads the file once, on first use", async () => {
    const cache = cacheWith("");
    const path = join(cache, "modelwright", "catalog.jsonl");
    const factory = await loaded(GPT_99, { env: { XDG_CACHE_HOME: cache } });
    writeFileSync(path, TEXT);
    expect(factory.describe("new").context).toBe(300_000);
    writeFileSync(path, "gone");
    utimesSync(path, 0, 0);
    expect(factory.create("new" as never).supports("temperature")).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("gone");
  });
});

test("a reload reads the catalog again", async () => {
  const cache = cacheWith(TEXT);
  const factory = await loaded(GPT_99, { env: { XDG_CACHE_HOME: cache, LOCALAPPDATA: cache } });
  expect(factory.info("gpt-100")).toBeNull();
  const later = textOf(devDocument({ openai: [devModel("gpt-100")] }));
  writeFileSync(join(cache, "modelwright", "catalog.jsonl"), later);
  expect(factory.info("gpt-100")).toBeNull();
  await factory.reload();
  expect(factory.info("gpt-100")?.context).toBe(300_000);
  expect(factory.describe("new").context).toBeNull();
});

describe("the entry takes precedence over the cached catalog:", () => {
  const given = (lines: string) => factoryOf(`${GPT_99}${lines}\n`, { catalog: catalogFile(TEXT) }).describe("new");

  test("capabilities and limits", () => {
    const { capabilities, context, maxOutput } = given("capabilities = { temperature = true, context = 1000 }");
    expect({ capabilities, context, maxOutput }).toMatchObject({
      capabilities: { temperature: true, vision: true },
      context: 1_000,
      maxOutput: 50_000,
    });
  });

  test("prices, of the entry or of the file", () => {
    expect(given("pricing = { input = 1, output = 1 }").price).toEqual({ input: 1, output: 1 });
    expect(given('[pricing."gpt-99"]\ninput = 3\noutput = 4').price).toEqual({ input: 3, output: 4 });
  });
});

describe("a call to a model that only the cached catalog knows", () => {
  const toml = (url: string, lines = "") =>
    `[models.new]\nname = "m-1"\nprovider = "some-host"\ncustom_llm_provider = "openai"\nbase_url = "${url}/v1"\napi_key = "k"\n${lines}`;

  test("has the catalog's price, and omits settings that the catalog excludes", async () => {
    const server = await serve(() => chatBody("Hello"));
    const model = factoryOf(toml(server.url, 'reasoning_effort = "high"\n'), { catalog: catalogFile(TEXT) }).create();
    const reply = await model.codegen("Hi");
    // 10 tokens at 10 USD and 5 at 20 USD per million.
    expect(reply.cost.usd).toBeCloseTo(0.0002, 9);
    expect(reply.adjustments).toMatchObject([{ setting: "reasoning_effort" }]);
    expect(server.arrivals[0]?.body).not.toHaveProperty("reasoning_effort");
  });
});

describe("an unknown model", () => {
  const toml = (url: string, lines: string) =>
    `[models.own]\nname = "my-model"\nprovider = "my-server"\ncustom_llm_provider = "openai"\nbase_url = "${url}/v1"\n${lines}`;
  const TOOL = { name: "f", parameters: { type: "object", properties: {} } };

  test("gets every setting, and its cost is unknown", async () => {
    const server = await serve(() => chatBody("Hello"));
    const model = factoryOf(toml(server.url, 'temperature = 0.5\nreasoning_effort = "low"\n')).create();
    const { cost, adjustments } = await model.codegen("Hi", { tools: [TOOL] });
    expect(cost.usd).toBeNull();
    expect(adjustments).toEqual([]);
    expect(server.arrivals[0]?.body).toMatchObject({ temperature: 0.5, reasoning_effort: "low", tools: [{}] });
  });

  test("follows the declarations of its entry: dropped, clamped, rejected, priced", async () => {
    const server = await serve(() => chatBody("Hello"));
    const declared = `temperature = 0.5
capabilities = { temperature = false, tools = false, vision = false, context = 2000, max_output = 100 }
pricing = { input = 1, output = 2 }
modify_params = true
`;
    const factory = factoryOf(toml(server.url, declared));
    const model = factory.create();
    expect([model.supports("tools"), model.supports("stop")]).toEqual([false, true]);
    const { cost, adjustments } = await model.codegen("Hi", { maxNewTokens: 500 });
    expect(cost.usd).toBeCloseTo(0.00002, 9);
    expect(adjustments.map(({ setting }) => setting).sort()).toEqual(["max_new_tokens", "temperature"]);
    expect(server.arrivals[0]?.body).not.toHaveProperty("temperature");
    expect(JSON.stringify(server.arrivals[0]?.body)).toContain(":100");
    expect((await failureOf(model.codegen("Hi", { tools: [TOOL], strict: true }))).code).toBe("unsupported");
    expect((await failureOf(model.codegen("word ".repeat(5_000)))).code).toBe("context_too_long");
    expect(server.arrivals).toHaveLength(1);
  });
});
