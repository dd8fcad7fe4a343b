import { describe, expect, test } from "vitest";
import { type FactoryOptions, ModelFactory } from "../../src/index.ts";
import { PROBLEM_CODES } from "../harness/problem-codes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { cli } from "../harness/terminal.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const MODELS: Readonly<Record<Wire, string>> = {
  openai: 'name = "gpt-4o"\nprovider = "openai"\ncustom_llm_provider = "openai"',
  "openai-responses": 'name = "gpt-4o"\nprovider = "openai"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'name = "claude-sonnet-5-5"\nprovider = "anthropic"',
  google: 'name = "gemini-3.8-flash"\nprovider = "google"',
};
const entryOf = (mock: string, wire: Wire = "openai") =>
  `[models.mocked]\n${MODELS[wire]}\napi_key = "env:NOT_SET"\nnum_retries = 0\nmock_response = ${mock}\n`;
const modelOf = (mock: string, wire?: Wire, options?: FactoryOptions) =>
  factoryOf(entryOf(mock, wire), options).create();
const refusalOf = (mock: string) => () => ModelFactory.parse(entryOf(mock));

describe.each(WIRES)("mock_response over the %s wire", (wire) => {
  test("answers with the texts and tool calls of the entry, in order; the last repeats", async () => {
    const calls = '{ tool_calls = [{ name = "find", arguments = { what = "Louvre" } }, { name = "now" }] }';
    const model = modelOf(`["One.", ${calls}, { text = "Three." }]`, wire);
    const tools = [{ name: "find" }, { name: "now" }];
    expect((await model.codegen("Hi", { tools })).text).toBe("One.");
    const { toolCalls, finishReason } = await model.stream("Hi", { tools }).reply;
    expect(toolCalls).toMatchObject([
      { name: "find", arguments: { what: "Louvre" } },
      { name: "now", arguments: {} },
    ]);
    expect(finishReason).toBe("tool-calls");
    for (let call = 0; call < 3; call++)
      expect(await model.codegen("Hi")).toMatchObject({ text: "Three.", provider: "simulator" });
  });

  test("answers with each kind of error", async () => {
    // Over its wire, a refusal is an answer.
    for (const [kind, code] of Object.entries(PROBLEM_CODES).filter(([kind]) => kind !== "refusal")) {
      const model = modelOf(`[{ error = "${kind}", retry_after = "2s" }]`, wire);
      const result = await model.safeCodegen("Hi");
      expect(result, kind).toMatchObject({ ok: false, error: { code } });
      if (kind === "rate-limit") expect(result).toMatchObject({ error: { retryAfterMs: 2_000 } });
    }
  });

  test("breaks a stream after some events", async () => {
    const model = modelOf('[{ text = "A long text.", break_after = 2 }, "Whole."]', wire);
    await expect(model.stream("Hi").reply).rejects.toMatchObject({ code: "stream_truncated" });
    expect((await model.codegen("Hi")).text).toBe("Whole.");
  });
});

describe("an entry with mock_response", () => {
  test("has the same answers when everything is simulated", async () => {
    expect(await modelOf('"Hi."', "openai", { simulate: true }).codegen("Hi")).toMatchObject({ text: "Hi." });
  });

  test("answers for every entry when it is in the defaults of a profile", async () => {
    const toml = '[models.a]\nname = "gpt-4o"\nprovider = "openai"\n[profiles.ci.defaults]\nmock_response = "ok"\n';
    expect((await factoryOf(toml, { profile: "ci" }).create("a").codegen("Hi")).text).toBe("ok");
  });

  test("starts again after reset(), and gets nothing that was scripted for other entries", async () => {
    const factory = factoryOf(
      `${entryOf('["One.", "Two."]')}[models.other]\nname = "gpt-4o"\nprovider = "simulator"\n`,
    );
    const simulator = await factory.simulator();
    const texts = async () => [
      (await factory.create("mocked").codegen("Hi")).text,
      (await factory.create("mocked").codegen("Hi")).text,
    ];
    expect(await texts()).toEqual(["One.", "Two."]);
    simulator.reset();
    expect(await texts()).toEqual(["One.", "Two."]);
    simulator.script({ answer: { text: "Scripted." } });
    expect(await texts()).toEqual(["Two.", "Two."]);
    expect((await factory.create("other").codegen("Hi")).text).toBe("Scripted.");
  });

  test("is not answered from the cache after its text has changed", async () => {
    const toml = (text: string) => `[cache]\nttl = "1h"\n${entryOf(`"${text}"`)}`;
    const factory = factoryOf(toml("Paris"));
    await factory.create().codegen("Where?");
    expect(await factory.create().codegen("Where?")).toMatchObject({ text: "Paris", attempts: [] });
    await factory.reload(toml("Rome"));
    expect((await factory.create().codegen("Where?")).text).toBe("Rome");
  });

  test("has one list of answers, also if calls with tools take another wire format", async () => {
    const toml = '[models.a]\nname = "gpt-6.1-terra"\nprovider = "openai"\nmock_response = ["One.", "Two."]\n';
    const factory = factoryOf(toml);
    expect((await factory.create().codegen("Hi", { tools: [{ name: "find" }] })).text).toBe("One.");
    expect((await factory.create().codegen("Hi")).text).toBe("Two.");
    const wires = (await factory.simulator()).requests.map(({ wire }) => wire);
    expect(wires).toEqual(["openai-responses", "openai"]);
  });

  test("can be switched off where it is inherited", async () => {
    const toml = `[defaults]\nmock_response = "ok"\n[models.a]\n${MODELS.openai}\n[models.b]\n${MODELS.openai}\nmock_response = false\napi_key = "k"\n`;
    const factory = factoryOf(toml);
    expect([factory.describe("a").provider, factory.describe("b").provider]).toEqual(["simulator", "openai"]);
  });

  test("fails without an effect on other entries, and counts and lists take none of its answers", async () => {
    const toml = `${entryOf('[{ error = "server" }]', "anthropic")}circuit_breaker = { threshold = 1 }\n[models.other]\n${MODELS.anthropic}\nmock_response = ["One.", "Two."]\n`;
    const factory = factoryOf(toml);
    for (let call = 0; call < 3; call++) expect((await factory.create("mocked").safeCodegen("Hi")).ok).toBe(false);
    const other = factory.create("other");
    expect(await other.countTokens("Hi", { exact: true })).toBeGreaterThan(0);
    expect((await other.codegen("Hi")).text).toBe("One.");
    await factory.discover("other");
    expect((await other.codegen("Hi")).text).toBe("Two.");
  });

  test("is refused when it is empty, unknown or both an answer and an error", () => {
    expect(refusalOf("[]")).toThrow("mock_response");
    expect(refusalOf('""')).toThrow("mock_response");
    expect(refusalOf('[{ error = "rate-limits" }]')).toThrow("rate-limit");
    expect(refusalOf('[{ error = "quota", text = "Hi" }]')).toThrow("must be an answer or an error, not both");
    expect(refusalOf('[{ text = "Hi", status = 503 }]')).toThrow("must be an answer or an error, not both");
    expect(refusalOf('[{ delays = "1s" }]')).toThrow("delay");
  });

  test("is shown as simulated, with the key that says so", async () => {
    const { code, out } = await cli(["explain", "mocked"], { toml: entryOf('"Hi."') });
    expect(code).toBe(0);
    expect(out).toContain("mocked → simulator · gpt-4o");
    expect(out).toMatch(/^ +mock_response +.*models\.toml:\d+:\d+ +\[models\.mocked\]$/m);
  });
});
