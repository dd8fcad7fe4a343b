import { describe, expect, test } from "vitest";
import type { CallOptions, Reply } from "../../src/index.ts";
import { chatBody, entry, factoryOf, failureOf, serve, WIRES, type Wire } from "./world.ts";

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

  test("is unknown when another tier was asked for and the answer reports none", async () => {
    for (const lines of [`service_tier = "${asked}"`, `extra_body = { service_tier = "${asked}" }`])
      expect((await ask(wire, BODIES[wire](), lines)).cost.usd).toBeNull();
    expect((await ask(wire, BODIES[wire](), "", { serviceTier: asked })).cost.usd).toBeNull();
  });

  test("is the standard one when the answer says so, or nothing was said", async () => {
    const standard = wire === "openai" || wire === "openai-responses" ? "default" : "standard";
    expect((await ask(wire, told(standard), `service_tier = "${asked}"`)).cost).toMatchObject({
      usd: STANDARD_USD,
      estimated: false,
    });
    expect((await ask(wire, BODIES[wire]())).cost.usd).toBe(STANDARD_USD);
    expect((await ask(wire, told("auto"), 'service_tier = "auto"')).cost.usd).toBe(STANDARD_USD);
  });

  test("is unknown to estimate() and refused by strict_pricing before the request", async () => {
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

  test("is unknown before the call when the prompt holds audio or the answer may", async () => {
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
  test("is unknown where the answer reports some, and none is charged otherwise", async () => {
    expect(
      (await ask("anthropic", BODIES.anthropic({ server_tool_use: { web_search_requests: 1 } }))).cost.usd,
    ).toBeNull();
    expect((await ask("anthropic", BODIES.anthropic({ server_tool_use: { web_search_requests: 0 } }))).cost.usd).toBe(
      STANDARD_USD,
    );
  });

  test("is unknown on the chat wire, where every answer of a search model is one", async () => {
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

test("an hour in the cache beyond a price tier has no price, before and after the call", async () => {
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
  expect(failed.message).toContain("cache writes for an hour");
  expect(server.arrivals).toHaveLength(1);
});

describe.each(WIRES)("numbers that are no counts on the %s wire", (wire) => {
  const [prompt, output] = {
    openai: ["prompt_tokens", "completion_tokens"],
    "openai-responses": ["input_tokens", "output_tokens"],
    anthropic: ["input_tokens", "output_tokens"],
    google: ["promptTokenCount", "candidatesTokenCount"],
  }[wire] as [string, string];

  test.each([1e308, 1e25, -7, 2.5, "9", null])(
    "%j tokens are estimated and cost what the estimate says",
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
