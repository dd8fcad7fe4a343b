import { describe, expect, test } from "vitest";
import { type CallOptions, ConfigError, ModelFactory } from "../../src/index.ts";
import { entry, WIRES } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";

const FOUR = `default_model = "gpt-4"
[models.gpt-4]
name = "gpt-4"
provider = "openai"
api_key = "env:OPENAI_API_KEY"
[models.claude-3]
name = "claude-3-sonnet-20240229"
provider = "anthropic"
[models.gemini]
name = "gemini-2.5-pro"
provider = "google"
[models.deepseek]
name = "deepseek-chat"
provider = "deepseek"
`;
const KEYS = { OPENAI_API_KEY: "one", ANTHROPIC_API_KEY: "two", GEMINI_API_KEY: "three", DEEPSEEK_API_KEY: "four" };

function problemsOf(toml: string): ConfigError["problems"] {
  try {
    ModelFactory.parse(toml, { env: {} });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error("the file has no problem");
}

const model = (lines: string, provider = "openai") =>
  `[models.main]\nname = "some-model"\nprovider = "${provider}"\napi_key = "k"\n${lines}\n`;

describe("the file", () => {
  test("with four models lists four, each with its provider and abilities", () => {
    const factory = factoryOf(FOUR, { env: KEYS });
    expect(factory.names()).toEqual(["gpt-4", "claude-3", "gemini", "deepseek"]);
    expect(factory.names().map((name) => factory.describe(name).provider)).toEqual([
      "openai",
      "anthropic",
      "google",
      "deepseek",
    ]);
    for (const name of factory.names()) expect(factory.describe(name).capabilities).toBeTypeOf("object");
    expect(String(factory.create())).toBe("gpt-4");
  });

  test("with a default_model that is no entry names the key and the candidate", () => {
    const [problem] = problemsOf(FOUR.replace('"gpt-4"', '"gpt-5"'));
    expect(problem).toMatchObject({ path: "default_model", line: 1, suggestion: "gpt-4" });
  });

  test("with an entry without provider or name says which", () => {
    const paths = problemsOf('[models.x]\nname = "m"\n[models.y]\nprovider = "openai"\n').map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["models.x.provider", "models.y.name"]));
  });

  test("with a slip of the pen suggests the word", () => {
    expect(problemsOf(model("temprature = 1"))[0]).toMatchObject({ line: 5, suggestion: "temperature" });
  });

  test("with a null says where, and that TOML has none", () => {
    const toml = `[models.gpt-4]\nname = "gpt-4"\nprovider = "openai"\n\n# limits\ntemperature = 0\nmax_new_tokens = 1\n\nmax_input_t = null\n`;
    const [problem] = problemsOf(toml);
    expect([problem?.line, problem?.column]).toEqual([9, 15]);
    expect(problem?.message).toMatch(/null/);
  });

  test("with a variable that is not set fails where the model is made, and never shows a value", () => {
    const factory = factoryOf(
      model('base_url = "http://127.0.0.1:9"\nextra_headers = { X-Team = "env:TEAM_TOKEN" }').replace(
        '"k"',
        '"env:MY_KEY"',
      ),
      { env: { TEAM_TOKEN: "hush-hush" } },
    );
    expect(() => factory.create()).toThrow(/MY_KEY/);
    expect(() => factory.create()).not.toThrow(/hush-hush/);
    expect(factory.describe("main").problems?.join()).toContain("MY_KEY");
  });

  test("is checked without a network: each entry says what it lacks", () => {
    const factory = factoryOf(FOUR, { env: { OPENAI_API_KEY: "one" } });
    const lacking = Object.fromEntries(
      factory.names().map((name) => [name, factory.describe(name).problems?.join() ?? "ok"]),
    );
    expect(lacking["gpt-4"]).toBe("ok");
    expect(lacking["claude-3"]).toContain("ANTHROPIC_API_KEY");
    expect(lacking["gemini"]).toContain("GEMINI_API_KEY");
    expect(lacking["deepseek"]).toContain("DEEPSEEK_API_KEY");
  });

  test('reads 30, 30.0, "30s" and "30000ms" as the same time', () => {
    const configs = ["30", "30.0", '"30s"', '"30000ms"', '"0.5m"'].map(
      (value) => factoryOf(model(`timeout = ${value}`)).create().config["timeout"],
    );
    expect(new Set(configs).size).toBe(1);
  });

  test("with a circle of `extends` is refused", () => {
    expect(
      problemsOf('[models.a]\nextends = "b"\nname = "m"\nprovider = "openai"\n[models.b]\nextends = "a"\n').length,
    ).toBeGreaterThan(0);
  });

  test("with a provider nobody knows is refused when it is read", () => {
    expect(problemsOf(model("", "opnai"))[0]).toMatchObject({ path: "models.main.provider", suggestion: "openai" });
  });

  test("an unknown name lists what there is", () => {
    const factory = factoryOf(FOUR, { env: KEYS });
    expect(() => factory.get("nope")).toThrow(ConfigError);
    expect(() => factory.get("claude-4")).toThrow(/claude-3/);
    for (const name of factory.names()) expect(() => factory.get("nope")).toThrow(new RegExp(name));
  });

  test("checks ranges: penalties, temperature, top_p", () => {
    for (const line of [
      "frequency_penalty = 2.1",
      "presence_penalty = -2.5",
      "temperature = -0.1",
      "temperature = 2.1",
      "top_p = 1.5",
      "top_logprobs = -1",
      "seed = 1.5",
    ]) {
      expect(problemsOf(model(line))[0]?.path, line).toBe(`models.main.${line.split(" ")[0]}`);
    }
  });

  test("checks tools: a name is needed, and has at most 64 characters", () => {
    expect(problemsOf(model('tools = [{ type = "function", function = { description = "x" } }]'))[0]?.path).toMatch(
      /^models\.main\.tools\.?\[?0\]?\.function\.name$/,
    );
    expect(problemsOf(model(`tools = [{ name = "${"x".repeat(65)}" }]`)).length).toBeGreaterThan(0);
    expect(
      factoryOf(
        model('tools = [{ type = "function", function = { name = "f", parameters = { type = "object" } } }]'),
      ).create().config["tools"],
    ).toHaveLength(1);
  });
});

describe("providers", () => {
  test("DeepSeek and Zhipu need no address", () => {
    expect(factoryOf(model("", "deepseek")).describe("main").baseUrl).toMatch(/^https:\/\/api\.deepseek\.com/);
    expect(factoryOf(model("", "zhipuai")).describe("main").baseUrl).toMatch(/^https:\/\//);
  });

  test("Hugging Face is sent top_p 0.9 unless the file says otherwise", async () => {
    const server = await serve(() => chatBody("fine"));
    const lines = `base_url = "${server.url}/v1"\n`;
    await factoryOf(model(lines, "huggingface")).create().codegen("Hi.");
    await factoryOf(model(`${lines}top_p = 0.5`, "huggingface"))
      .create()
      .codegen("Hi.");
    expect(server.arrivals.map(({ body }) => body["top_p"])).toEqual([0.9, 0.5]);
  });

  test("OpenAI sees organization and project in their headers", async () => {
    const simulator = await simulate();
    await factoryOf(entry("openai", simulator.url, 'organization_id = "org-1"\nproject_id = "proj-1"'))
      .create()
      .codegen("Hi.");
    expect(simulator.requests[0]?.headers).toMatchObject({
      "openai-organization": "org-1",
      "openai-project": "proj-1",
    });
  });

  test.each(WIRES)("headers of the entry and of the call meet, and the call wins (%s)", async (wire) => {
    const simulator = await simulate();
    const main = factoryOf(entry(wire, simulator.url, 'extra_headers = { X-One = "entry", X-Two = "entry" }')).create();
    await main.codegen("Hi.", { extraHeaders: { "x-two": "call", "x-three": "call" } });
    expect(simulator.requests[0]?.headers).toMatchObject({ "x-one": "entry", "x-two": "call", "x-three": "call" });
  });
});

describe("parameters", () => {
  const settings: Readonly<Record<string, { option: CallOptions; sent: RegExp }>> = {
    frequency_penalty: { option: { frequencyPenalty: 0.5 }, sent: /"frequency_?penalty":0.5/i },
    presence_penalty: { option: { presencePenalty: 0.5 }, sent: /"presence_?penalty":0.5/i },
    seed: { option: { seed: 7 }, sent: /"seed":7/ },
    logit_bias: { option: { logitBias: { 50256: -100 } }, sent: /"logit_bias"/ },
    top_logprobs: { option: { logprobs: true, topLogprobs: 2 }, sent: /"top_logprobs":2|"logprobs":2/ },
    user: { option: { user: "user-1" }, sent: /user-1/ },
    modalities: { option: { modalities: ["text"] }, sent: /"(modalities|responseModalities)"/ },
    prediction: { option: { prediction: { type: "content", content: "x = 1" } }, sent: /x = 1/ },
    service_tier: { option: { serviceTier: "auto" }, sent: /"service_?tier"/i },
    verbosity: { option: { verbosity: "low" }, sent: /"verbosity":"low"/ },
    metadata: { option: { metadata: { team: "blue" } }, sent: /blue/ },
    top_k: { option: { topK: 3 }, sent: /"top_?k":3/i },
    stop: { option: { stop: "END" }, sent: /\["END"\]/ },
  };
  const cases = WIRES.flatMap((wire) => Object.keys(settings).map((name) => [name, wire] as const));

  test.each(cases)("%s is sent on the %s wire, or said to be left out", async (name, wire) => {
    const simulator = await simulate();
    const { option, sent } = settings[name] as { option: CallOptions; sent: RegExp };
    const reply = await factoryOf(entry(wire, simulator.url)).create().codegen("Hi.", option);
    const arrived = sent.test(JSON.stringify(simulator.requests[0]?.body));
    const told = reply.adjustments.some(({ setting }) => setting.startsWith(name));
    expect(arrived || told).toBe(true);
    expect(arrived && told).toBe(false);
  });

  test("temperature 1.5 is more than Claude takes: lowered and told, or refused", async () => {
    const simulator = await simulate();
    const reply = await factoryOf(entry("anthropic", simulator.url, "temperature = 1.5"))
      .create()
      .codegen("Hi.");
    expect(simulator.requests[0]?.body).toMatchObject({ temperature: 1 });
    expect(reply.adjustments).toMatchObject([{ setting: "temperature", from: 1.5, to: 1 }]);
    expect(
      (
        await failureOf(
          factoryOf(entry("anthropic", simulator.url, "temperature = 1.5\nmodify_params = false"))
            .create()
            .codegen("Hi."),
        )
      ).code,
    ).toBe("unsupported");
    expect(simulator.requests).toHaveLength(1);
  });

  test("max_new_tokens is max_completion_tokens for reasoning models", async () => {
    const simulator = await simulate();
    await factoryOf(entry("openai", simulator.url, "max_new_tokens = 50", { name: "o3-mini" }))
      .create()
      .codegen("Hi.");
    expect(simulator.requests[0]?.body).toMatchObject({ max_completion_tokens: 50 });
    expect(simulator.requests[0]?.body).not.toHaveProperty("max_tokens");
  });

  test("five stop sequences are too many for OpenAI, and o1-mini takes none", async () => {
    const simulator = await simulate();
    const main = factoryOf(entry("openai", simulator.url)).create();
    expect((await failureOf(main.codegen("Hi.", { stop: ["a", "b", "c", "d", "e"] }))).code).toBe("unsupported");
    expect(simulator.requests).toHaveLength(0);
    const reply = await factoryOf(entry("openai", simulator.url, 'stop = "END"', { name: "o1-mini" }))
      .create()
      .codegen("Hi.");
    expect(simulator.requests[0]?.body).not.toHaveProperty("stop");
    expect(reply.adjustments).toMatchObject([{ setting: "stop" }]);
  });

  test.each(WIRES)(
    "a text and a list of one message are the same prompt, with instructions in place (%s)",
    async (wire) => {
      const simulator = await simulate();
      const main = factoryOf(
        entry(
          wire,
          simulator.url,
          'system = "Be brief."\nmessages = [{ role = "user", content = "one" }, { role = "assistant", content = "two" }]',
        ),
      ).create();
      await main.codegen("three");
      await main.codegen([{ role: "user", content: "three" }]);
      const [first, second] = simulator.requests.map(({ body }) => JSON.stringify(body));
      expect(second).toBe(first);
      // Some wires write instructions after the messages; among the messages the order is that of the file.
      const at = ["one", "two", "three"].map((text) => first?.indexOf(JSON.stringify(text)) ?? -1);
      expect(at.every((index, turn) => index > (at[turn - 1] ?? -1))).toBe(true);
      expect(first).toContain("Be brief.");
    },
  );

  test("two system messages: both reach Claude's `system`; o1-mini gets a user's turn, gpt-5 a developer's", async () => {
    const simulator = await simulate();
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "system", content: "Be kind." },
      { role: "user", content: "Hi." },
    ] as const;
    await factoryOf(entry("anthropic", simulator.url)).create().codegen(messages);
    const lifted = simulator.requests[0]?.body as { readonly system: unknown } | undefined;
    expect(JSON.stringify(lifted?.system)).toMatch(/Be brief\..*Be kind\./);
    await factoryOf(entry("openai", simulator.url, "", { name: "o1-mini" }))
      .create()
      .codegen(messages);
    expect(rolesOf(simulator.requests[1]?.body)).not.toContain("system");
    expect(rolesOf(simulator.requests[1]?.body)).toContain("user");
    await factoryOf(entry("openai", simulator.url, 'custom_llm_provider = "openai"', { name: "gpt-5" }))
      .create()
      .codegen(messages);
    expect(rolesOf(simulator.requests[2]?.body)).toContain("developer");
  });

  test("raw is the provider's own body, and extra_body reaches it", async () => {
    const server = await serve(() => ({ ...chatBody("fine"), host_says: "more" }));
    const reply = await factoryOf(entry("openai", server.url, "extra_body = { host_asks = { deep = 1 } }"))
      .create()
      .codegen("Hi.");
    expect(reply.raw).toMatchObject({ host_says: "more" });
    expect(server.arrivals[0]?.body["host_asks"]).toEqual({ deep: 1 });
  });
});

describe("tools", () => {
  const tool = { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } };
  const choices = { auto: "auto", required: "required", none: "none", named: { name: "get_weather" } } as const;
  const expected = {
    openai: {
      auto: /"tool_choice":"auto"/,
      required: /"tool_choice":"required"/,
      none: /"tool_choice":"none"/,
      named: /"tool_choice":\{"type":"function","function":\{"name":"get_weather"\}\}/,
    },
    "openai-responses": {
      auto: /"tool_choice":"auto"/,
      required: /"tool_choice":"required"/,
      none: /"tool_choice":"none"/,
      named: /"tool_choice":\{"type":"function","name":"get_weather"\}/,
    },
    anthropic: {
      auto: /"tool_choice":\{"type":"auto"\}/,
      required: /"tool_choice":\{"type":"any"\}/,
      none: /"tool_choice":\{"type":"none"\}/,
      named: /"tool_choice":\{"type":"tool","name":"get_weather"\}/,
    },
    google: {
      auto: /"mode":"AUTO"/,
      required: /"mode":"ANY"/,
      none: /"mode":"NONE"/,
      named: /"allowedFunctionNames":\["get_weather"\],"mode":"ANY"/,
    },
  } as const;
  const matrix = WIRES.flatMap((wire) =>
    (Object.keys(choices) as (keyof typeof choices)[]).map((choice) => [choice, wire] as const),
  );

  test.each(matrix)("the choice %s has its spelling on the %s wire", async (choice, wire) => {
    const simulator = await simulate();
    await factoryOf(entry(wire, simulator.url))
      .create()
      .codegen("Hi.", { tools: [tool], toolChoice: choices[choice] });
    expect(JSON.stringify(simulator.requests[0]?.body)).toMatch(expected[wire][choice]);
  });

  test("one call at a time is said to Claude also with auto", async () => {
    const simulator = await simulate();
    await factoryOf(entry("anthropic", simulator.url))
      .create()
      .codegen("Hi.", { tools: [tool], toolChoice: "auto", parallelToolCalls: false });
    expect(simulator.requests[0]?.body).toMatchObject({
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
    });
  });
});

function rolesOf(body: unknown): string[] {
  return (body as { messages: { role: string }[] }).messages.map(({ role }) => role);
}
