import { describe, expect, test } from "vitest";
import { type CallOptions, ConfigError, type FactoryOptions, type Reply } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

type Tree = Readonly<Record<string, unknown>>;

/** A whole answer of each wire: 1000 tokens in, 100 out, with more in its usage and beside it. */
const BODIES: Readonly<Record<Wire, (usage?: Tree, more?: Tree) => object>> = {
  openai: (usage, more) => ({
    ...chatBody("fine", { prompt_tokens: 1000, completion_tokens: 100, ...usage }),
    ...more,
  }),
  "openai-responses": (usage, more) => ({
    id: "r",
    status: "completed",
    output: [{ type: "message", id: "m", role: "assistant", content: [{ type: "output_text", text: "fine" }] }],
    usage: { input_tokens: 1000, output_tokens: 100, ...usage },
    ...more,
  }),
  anthropic: (usage, more) => ({
    id: "m",
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: "fine" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 1000, output_tokens: 100, ...usage },
    ...more,
  }),
  google: (usage, more) => ({
    candidates: [{ index: 0, content: { role: "model", parts: [{ text: "fine" }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 1000, candidatesTokenCount: 100, ...usage },
    ...more,
  }),
};
const STANDARD_USD = (1000 * 3 + 100 * 15) / 1e6;

async function modelOf(wire: Wire, answer: object, lines = "") {
  const server = await serve(() => answer);
  const model = factoryOf(entry(wire, server.url, `num_retries = 0\n${lines}`)).create();
  return { server, model };
}

async function ask(wire: Wire, answer: object, lines = "", options?: CallOptions): Promise<Reply> {
  return (await modelOf(wire, answer, lines)).model.codegen("Hi.", options);
}

describe.each(WIRES)("the price of a service tier on the %s wire", (wire) => {
  const [place, asked] = wire === "google" ? ["serviceTier", "flex"] : ["service_tier", "flex"];
  const told = (tier: string) =>
    wire === "anthropic" || wire === "google" ? BODIES[wire]({ [place]: tier }) : BODIES[wire]({}, { [place]: tier });

  test("is unknown when the answer reports another tier than the standard one", async () => {
    for (const tier of ["flex", "priority", "batch"]) {
      const { cost } = await ask(wire, told(tier));
      expect(cost, tier).toEqual({ usd: null, breakdown: null, estimated: false });
    }
  });

  test("is unknown when another tier was requested and the answer reports none", async () => {
    for (const lines of [`service_tier = "${asked}"`, `extra_body = { service_tier = "${asked}" }`])
      expect((await ask(wire, BODIES[wire](), lines)).cost.usd).toBeNull();
    expect((await ask(wire, BODIES[wire](), "", { serviceTier: asked })).cost.usd).toBeNull();
  });

  test("is the standard price when the answer reports it, or nothing", async () => {
    const standard = wire === "openai" || wire === "openai-responses" ? "default" : "standard";
    expect((await ask(wire, told(standard), `service_tier = "${asked}"`)).cost).toMatchObject({
      usd: STANDARD_USD,
      estimated: false,
    });
    expect((await ask(wire, BODIES[wire]())).cost.usd).toBe(STANDARD_USD);
    expect((await ask(wire, told("auto"), 'service_tier = "auto"')).cost.usd).toBe(STANDARD_USD);
  });

  test("is unknown for estimate() and rejected by strict_pricing before the request", async () => {
    const { server, model } = await modelOf(wire, BODIES[wire](), `strict_pricing = true\nservice_tier = "${asked}"`);
    expect(model.estimate("Hi.", { maxNewTokens: 10 })).toMatchObject({ usd: null, maxUsd: null });
    const failed = await failureOf(model.codegen("Hi."));
    expect(failed.code).toBe("unsupported");
    expect(failed.message).toContain(`the price of service_tier "${asked}"`);
    expect(server.arrivals).toHaveLength(0);
    expect(model.estimate("Hi.", { serviceTier: "auto", maxNewTokens: 10 }).maxUsd).toBeGreaterThan(0);
    expect((await model.codegen("Hi.", { serviceTier: "auto" })).cost.usd).toBe(STANDARD_USD);
  });
});

describe("the price of audio", () => {
  const AUDIO: readonly [Wire, Tree][] = [
    ["openai", { prompt_tokens_details: { audio_tokens: 50 } }],
    ["openai", { completion_tokens_details: { audio_tokens: 50 } }],
    ["google", { promptTokensDetails: [{ modality: "AUDIO", tokenCount: 50 }] }],
    ["google", { candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 50 }] }],
    ["google", { candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 50 }] }],
  ];

  test.each(AUDIO)("is unknown on the %s wire with %j", async (wire, usage) => {
    expect((await ask(wire, BODIES[wire](usage))).cost.usd).toBeNull();
  });

  test("is unknown before the call when the prompt has audio or the answer may", async () => {
    const { model } = await modelOf("openai", BODIES.openai(), "strict_pricing = true");
    const spoken = [
      { role: "user" as const, content: [{ type: "audio" as const, data: "AA==", mediaType: "audio/wav" }] },
    ];
    expect(model.estimate(spoken).usd).toBeNull();
    expect((await failureOf(model.codegen(spoken))).message).toContain("the price of audio");
    expect(model.estimate("Hi.", { modalities: ["text", "audio"] }).usd).toBeNull();
    expect(model.estimate("Hi.", { modalities: ["text"] }).usd).not.toBeNull();
  });
});

describe("the price of searches", () => {
  test("is unknown when the answer reports searches, and zero otherwise", async () => {
    expect(
      (await ask("anthropic", BODIES.anthropic({ server_tool_use: { web_search_requests: 1 } }))).cost.usd,
    ).toBeNull();
    expect((await ask("anthropic", BODIES.anthropic({ server_tool_use: { web_search_requests: 0 } }))).cost.usd).toBe(
      STANDARD_USD,
    );
  });

  test("is unknown on the chat wire, where search models search for every answer", async () => {
    expect((await ask("openai", BODIES.openai(), "web_search = true")).cost.usd).toBeNull();
    expect((await ask("openai", BODIES.openai(), "web_search = false")).cost.usd).toBe(STANDARD_USD);
    expect((await ask("openai", BODIES.openai(), "extra_body = { web_search_options = {} }")).cost.usd).toBeNull();
  });

  test.each(WIRES)("is unknown before the call on the %s wire", async (wire) => {
    const { server, model } = await modelOf(wire, BODIES[wire](), "strict_pricing = true\nweb_search = true");
    expect(model.estimate("Hi.").usd).toBeNull();
    expect((await failureOf(model.codegen("Hi."))).message).toContain("the price of web searches");
    expect(server.arrivals).toHaveLength(0);
  });
});

test("one-hour cache writes beyond a price tier have no price, before and after the call", async () => {
  const usage = { cache_creation_input_tokens: 200_001, cache_creation: { ephemeral_1h_input_tokens: 200_001 } };
  const server = await serve(() => BODIES.anthropic({ input_tokens: 0, ...usage }));
  const lines = 'price_as = "claude-sonnet-4-5"\nprompt_cache = { ttl = "1h" }\ncapabilities = { context = 1000000 }';
  const toml = (more: string) => entry("anthropic", server.url, `${lines}\n${more}`, { priced: false });
  const model = factoryOf(toml("")).create();
  expect((await model.codegen("Hi.")).cost.usd).toBeNull();
  const long = "word ".repeat(230_000);
  expect(model.estimate("Hi.").usd).not.toBeNull();
  expect(model.estimate(long).usd).toBeNull();
  const failed = await failureOf(factoryOf(toml("strict_pricing = true")).create().codegen(long));
  expect(failed.message).toContain("one-hour cache writes");
  expect(server.arrivals).toHaveLength(1);
});

describe.each(WIRES)("invalid counts on the %s wire", (wire) => {
  const [prompt, output] = {
    openai: ["prompt_tokens", "completion_tokens"],
    "openai-responses": ["input_tokens", "output_tokens"],
    anthropic: ["input_tokens", "output_tokens"],
    google: ["promptTokenCount", "candidatesTokenCount"],
  }[wire] as [string, string];

  test.each([1e308, 1e25, -7, 2.5, "9", null])(
    "%j tokens are estimated, and the cost is that of the estimate",
    async (flaw) => {
      const answers = [
        BODIES[wire]({ [prompt]: flaw }),
        BODIES[wire]({ [output]: flaw, [prompt]: flaw }),
        BODIES[wire](),
      ];
      const server = await serve(() => answers.shift());
      const factory = factoryOf(entry(wire, server.url, "num_retries = 0"));
      const first = await factory.create().codegen("Hi.");
      const second = await factory.create().codegen("Hi.");
      if (flaw !== null) {
        expect(first.usage).toMatchObject({ output: 100, estimated: true });
        expect(first.usage.input).toBeGreaterThan(0);
      }
      expect(second.usage.estimated).toBe(true);
      for (const { cost, usage } of [first, second]) {
        expect(cost.usd).toBeCloseTo((usage.input * 3 + usage.output * 15) / 1e6, 12);
        expect(cost.estimated).toBe(usage.estimated);
      }
      expect((await factory.create().codegen("Hi.")).cost).toMatchObject({ usd: STANDARD_USD, estimated: false });
      expect(factory.usage().cost.usd).toBeLessThan(1);
    },
  );
});

describe("price_as", () => {
  const problemsOf = (toml: string, options: FactoryOptions = {}) => {
    try {
      factoryOf(toml, options).create();
    } catch (error) {
      return error instanceof ConfigError ? error.problems : error;
    }
    return [];
  };

  test("is an error with position and suggestion for an unknown id", () => {
    const toml = '[models.a]\nname = "x"\nprovider = "openai"\napi_key = "k"\nprice_as = "gpt-4oo"\n';
    expect(problemsOf(toml)).toMatchObject([
      {
        line: 5,
        column: 12,
        path: "models.a.price_as",
        suggestion: "gpt-4o",
        message: expect.stringContaining("gpt-4oo"),
      },
    ]);
  });

  test("is checked everywhere, even in an inactive profile", () => {
    const toml =
      '[models.a]\nname = "x"\nprovider = "openai"\n[defaults]\nprice_as = "nobody-1"\n[providers.openai]\nprice_as = "nobody-2"\n[profiles.p.models.a]\nprice_as = "nobody-3"\n';
    expect(problemsOf(toml)).toMatchObject([{ line: 5 }, { line: 7 }, { line: 9 }]);
  });

  test("is checked on use when it is a variable", () => {
    const toml = '[models.a]\nname = "x"\nprovider = "openai"\napi_key = "k"\nprice_as = "env:PRICED"\n';
    expect(problemsOf(toml, { env: { PRICED: "nobody" } })).toMatchObject([{ line: 5, path: "models.a.price_as" }]);
    expect(problemsOf(toml, { env: { PRICED: "gpt-4o" } })).toEqual([]);
  });

  test("accepts an id from [pricing] or from any provider", () => {
    const of = (id: string, more = "") =>
      problemsOf(`[models.a]\nname = "x"\nprovider = "openai"\napi_key = "k"\nprice_as = "${id}"\n${more}`);
    expect(of("house", '[pricing."house"]\ninput = 1\noutput = 2\n')).toEqual([]);
    for (const id of ["claude-sonnet-4-5", "anthropic/claude-haiku-4-5", "deepseek-v4-pro"])
      expect(of(id), id).toEqual([]);
    expect(of("ft:gpt-4o-mini-2024-07-18:acme::abc")).toHaveLength(1);
  });
});

test("a fine-tuned model has no price in info(), as its calls have no cost", async () => {
  const id = "ft:gpt-4o-mini-2024-07-18:acme::abc123";
  const server = await serve(() => BODIES.openai());
  const factory = factoryOf(entry("openai", server.url, "", { name: id, priced: false }));
  expect(factory.info(id)).toMatchObject({ id: "gpt-4o-mini-2024-07-18", price: undefined });
  expect((await factory.create().codegen("Hi.")).cost.usd).toBeNull();
});

test("factory.usage() keeps ten thousand tags and scopes and sums the rest as other", async () => {
  const server = await serve(() => BODIES.openai());
  const factory = factoryOf(entry("openai", server.url));
  const tags = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `tag-${from + index}`);
  await factory.create().codegen("One.", { tags: tags(0, 10_000) });
  await factory.create().codegen("Two.", { tags: tags(9_999, 20_000) });
  const sums = factory.usage("tag");
  expect(Object.keys(sums)).toHaveLength(10_001);
  expect(sums["tag-9999"]).toMatchObject({ calls: 2, requests: 2 });
  expect(sums["other"]).toMatchObject({ calls: 1, requests: 1, usage: { input: 1000 } });
  expect(factory.usage()).toMatchObject({ calls: 2, requests: 2 });
});
