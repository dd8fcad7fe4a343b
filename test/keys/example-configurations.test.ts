import { describe, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { PATIENT } from "../harness/entry.ts";
import type { Wire } from "../harness/wires.ts";
import { answered, ask, factoryOf, JumpingClock, PROMPT, simulate } from "./world.ts";

/** Configurations as users of other libraries have them, run against a provider on loopback. */
const KEYS = { OPENAI_API_KEY: "openai-key", ANTHROPIC_API_KEY: "anthropic-key" };
const LOGGING = '[logging]\nlevel = "INFO"\nformat = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"\n';

const GPT_4 = `
name = "gpt-4"
provider = "openai"
api_key = "env:OPENAI_API_KEY"
temperature = 0.0
max_new_tokens = 1024
max_input_tokens = 8192`;

const CLAUDE_3 = `
name = "claude-3-sonnet-20240229"
provider = "anthropic"
api_key = "env:ANTHROPIC_API_KEY"
temperature = 0.0
max_new_tokens = 4096
max_input_tokens = 200000
prompt_cache = true
tools = [
    { type = "function", function = { name = "str_replace_editor", description = "Custom editing tool for editing files", parameters = { type = "object", properties = { path = { description = "File path", type = "string" }, old_str = { description = "String to replace", type = "string" }, new_str = { description = "New string", type = "string" } }, required = ["path", "old_str"] } } }
]`;

const O3_MINI = `
name = "o3-mini"
provider = "openai"
api_key = "env:OPENAI_API_KEY"
reasoning_effort = 0.5
max_new_tokens = 4096`;

const RETRYING = `${GPT_4}
num_retries = 3
retry_min_wait = 4
retry_max_wait = 10
retry_multiplier = 2`;

const at = (simulator: Simulator, wire: Wire, table: string, lines: string) =>
  `[models.${table}]${lines}\nbase_url = "${simulator.baseUrl(wire)}"\n`;
const question = { options: { env: KEYS, logger: { debug() {}, info() {}, warn() {}, error() {} } } };

describe("a models.toml of one file with several models", () => {
  test("GPT-4: temperature 0 and the token limit are sent, the input limit is kept here", async () => {
    const simulator = await simulate();
    const { body, reply } = await answered(
      simulator,
      `default_model = "gpt-4"\n${LOGGING}${at(simulator, "openai", "gpt-4", GPT_4)}`,
      question,
    );
    expect(body).toEqual({
      model: "gpt-4",
      messages: [{ role: "user", content: PROMPT }],
      temperature: 0,
      max_completion_tokens: 1024,
    });
    expect(reply.adjustments).toEqual([]);
    const long = await ask(simulator, at(simulator, "openai", "gpt-4", GPT_4), {
      ...question,
      input: "word ".repeat(9000),
    });
    expect(long.error?.code).toBe("context_too_long");
    expect(long.requests).toHaveLength(0);
  });

  test("Claude 3 with a tool: temperature and tool arrive under the version that takes them; its missing prompt cache is reported", async () => {
    const simulator = await simulate();
    const { body, reply, request } = await answered(simulator, at(simulator, "anthropic", "claude-3", CLAUDE_3), {
      ...question,
      input: "Edit the file to fix the bug.",
    });
    expect(request.headers["anthropic-version"]).toBe("2023-06-01");
    expect(body).toMatchObject({
      model: "claude-3-sonnet-20240229",
      max_tokens: 4096,
      temperature: 0,
      tools: [{ name: "str_replace_editor", input_schema: { required: ["path", "old_str"] } }],
    });
    expect(JSON.stringify(body)).not.toContain("cache_control");
    expect(reply.adjustments).toMatchObject([{ setting: "prompt_cache", from: true }]);
  });

  test("a newer Claude 3 does cache", async () => {
    const simulator = await simulate();
    const { body, reply } = await answered(
      simulator,
      at(simulator, "anthropic", "claude-3", CLAUDE_3.replace("3-sonnet-20240229", "3-5-sonnet-20241022")),
      question,
    );
    expect(body).toMatchObject({ tools: [{ cache_control: { type: "ephemeral" } }] });
    expect(reply.adjustments).toEqual([]);
  });

  test("o3-mini: an effort of 0.5 goes out as medium, and no temperature with it", async () => {
    const simulator = await simulate();
    const toml = `[defaults]\ntemperature = 0.0\n${at(simulator, "openai", "o3-mini", O3_MINI)}`;
    const { body, reply } = await answered(simulator, toml, question);
    expect(body).toMatchObject({ model: "o3-mini", reasoning_effort: "medium", max_completion_tokens: 4096 });
    expect(body).not.toHaveProperty("temperature");
    expect(reply.adjustments).toMatchObject([
      { setting: "temperature", from: 0 },
      { setting: "reasoning_effort", from: 0.5, to: "medium" },
    ]);
  });

  test("retries wait 4, 8 and 10 seconds", async () => {
    const simulator = await simulate({ script: [{ kind: "server", times: 4 }] });
    const clock = new JumpingClock();
    const toml = `[defaults]\njitter = "none"\n${PATIENT}\n${at(simulator, "openai", "gpt-4", RETRYING)}`;
    const { error, requests } = await ask(simulator, toml, { options: { env: KEYS, clock } });
    expect(error?.code).toBe("server_error");
    expect(requests).toHaveLength(4);
    expect(clock.waits).toEqual([4_000, 8_000, 10_000]);
  });

  test("all of them run under a simulator profile, without keys, each in its own wire", async () => {
    const models = [
      ["gpt-4", GPT_4],
      ["claude-3", CLAUDE_3],
      ["o3-mini", O3_MINI],
    ] as const;
    const toml = models
      .map(
        ([table, lines]) => `[models.${table}]${lines}\n[profiles.offline.models.${table}]\nprovider = "simulator"\n`,
      )
      .join("");
    const factory = factoryOf(toml, { profile: "offline" });
    for (const name of factory.names()) expect((await factory.get(name).codegen(PROMPT)).provider).toBe("simulator");
    const { requests } = await factory.simulator();
    expect(requests.map(({ path, model }) => [path, model])).toEqual([
      ["/v1/chat/completions", "gpt-4"],
      ["/v1/messages", "claude-3-sonnet-20240229"],
      ["/v1/chat/completions", "o3-mini"],
    ]);
    expect(requests[2]?.body).toMatchObject({ reasoning_effort: "medium" });
  });
});

const RESOLVER = `
name = "gpt-4"
provider = "openai"
api_key = "resolver-key"
organization_id = "org-1"
timeout = 600.0
max_retries = 2
fallback_models = ["gpt-3.5-turbo", "claude-instant-1"]
temperature = 0.5
max_tokens = 1000
top_p = 1.0
frequency_penalty = 0.0
presence_penalty = 0.0
extra_headers = { X-Guild = "llm_guild" }`;

describe("the options of a resolver in another framework", () => {
  const chain = (simulator: Simulator) =>
    at(simulator, "openai", "gpt-4", `${RESOLVER}\nretry_min_wait = 0`) +
    at(simulator, "openai", '"gpt-3.5-turbo"', '\nname = "gpt-3.5-turbo"\nprovider = "openai"\nnum_retries = 0') +
    at(
      simulator,
      "anthropic",
      "claude-instant-1",
      '\nname = "claude-instant-1.2"\nprovider = "anthropic"\nfrequency_penalty = 0.0\nseed = 1\nnum_retries = 0',
    );

  test("each one reaches the wire", async () => {
    const simulator = await simulate();
    const { body, reply, request } = await answered(simulator, chain(simulator), question);
    expect(body).toMatchObject({
      model: "gpt-4",
      temperature: 0.5,
      max_completion_tokens: 1000,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
    });
    expect(request.headers).toMatchObject({ "openai-organization": "org-1", "x-guild": "llm_guild" });
    expect(reply.adjustments).toEqual([]);
    expect(reply.usage.total).toBe(reply.usage.input + reply.usage.output);
    expect(reply.cost.usd).toBeGreaterThan(0);
  });

  test("its fallbacks serve in order after two retries, and say what their wire has no place for", async () => {
    const simulator = await simulate({ script: [{ kind: "server", times: 4 }] });
    const { reply, requests } = await ask(simulator, chain(simulator), question);
    expect(requests.map(({ model }) => model)).toEqual([
      "gpt-4",
      "gpt-4",
      "gpt-4",
      "gpt-3.5-turbo",
      "claude-instant-1.2",
    ]);
    expect(reply?.model).toBe("claude-instant-1");
    expect(reply?.attempts.map(({ outcome }) => outcome)).toEqual(["error", "error", "error", "error", "ok"]);
    expect(reply?.adjustments.map(({ setting }) => setting)).toEqual(["seed", "frequency_penalty"]);
  });

  test("max_tokens that is not given is not sent", async () => {
    const simulator = await simulate();
    const { body } = await answered(
      simulator,
      at(simulator, "openai", "gpt-4", RESOLVER.replace("max_tokens = 1000\n", "").replace(/fallback.*\n/, "")),
      question,
    );
    expect(Object.keys(body as object).filter((key) => key.startsWith("max_"))).toEqual([]);
  });
});
