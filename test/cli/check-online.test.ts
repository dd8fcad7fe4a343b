import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { SECRETS, secretsIn } from "../harness/canary.ts";
import { cli, type Session } from "../harness/terminal.ts";
import { claudeModels, entryOf, listing, openaiModels } from "./providers.ts";

const { key, secondKey } = SECRETS;
const BAD = "sk-Refused0Refused1Refused2";

interface Told {
  readonly models: { name: string; ok: boolean; online: { status: string; message?: string; suggestion?: string } }[];
}

async function online(toml: string, session: Session = {}, flags: readonly string[] = []) {
  const { out, err, code } = await cli(["check", "--online", "--json", ...flags], { toml, ...session });
  expect(secretsIn(out + err)).toEqual([]);
  expect(out + err).not.toContain("Refused1");
  const { models } = JSON.parse(out) as Told;
  return { code, statuses: models.map((model) => model.online.status), models };
}

describe("check --online", () => {
  it("reports for each entry whether its key and model are valid", async () => {
    const openai = await listing({ [key]: openaiModels("made-up-1", "made-up-1-small") });
    const anthropic = await listing({ [secondKey]: claudeModels("made-up-sonnet-20300929", "made-up-haiku") });
    const v1 = `${openai.origin}/v1`;
    const toml = [
      entryOf("good", { name: "made-up-1", provider: "openai", api_key: key, base_url: v1 }),
      entryOf("typo", { name: "made-up-1-smal", provider: "openai", api_key: key, base_url: v1 }),
      entryOf("refused", { name: "made-up-1", provider: "openai", api_key: BAD, base_url: v1 }),
      entryOf("alias", {
        name: "made-up-sonnet",
        provider: "anthropic",
        api_key: secondKey,
        base_url: anthropic.origin,
      }),
      entryOf("ending", {
        name: "made-up-haiku",
        provider: "anthropic",
        api_key: secondKey,
        base_url: anthropic.origin,
      }),
      entryOf("far", { name: "m", provider: "mistral", api_key: key, base_url: "http://127.0.0.1:9/v1" }),
      entryOf("azure", { name: "deployed", provider: "azure", api_key: key, base_url: openai.origin }),
      entryOf("unset", { name: "m", provider: "groq", api_key: "env:GROQ_KEY" }),
      entryOf("simulated", { name: "anything", provider: "simulator" }),
    ].join("");
    const { golden, out, err, code } = await cli(["check", "--online"], { toml });
    await expect(golden).toMatchFileSnapshot("golden/check-online.txt");
    expect(code).toBe(2);
    expect(secretsIn(out + err)).toEqual([]);
    expect([openai.requests.length, anthropic.requests.length]).toEqual([2, 1]);
    const { statuses } = await online(toml);
    expect(statuses).toEqual([
      ...["ok", "no-such-model", "key-refused", "ok", "ok", "not-reached", "cannot-be-asked", "not-asked", "ok"],
    ]);
  });

  it("exits with 0 on success, 1 for an unreachable provider, 2 for errors in the file", async () => {
    const server = await listing({ [key]: openaiModels("m") });
    const entry = (name: string, model: string, base = server.origin) =>
      entryOf(name, { name: model, provider: "openai", api_key: key, base_url: `${base}/v1` });
    const down = entry("down", "m", "http://127.0.0.1:9");
    expect((await online(entry("a", "m"))).code).toBe(0);
    expect((await online(entry("a", "m") + down)).code).toBe(1);
    expect((await online(entry("a", "mm") + down)).code).toBe(2);
    const unset = entryOf("unset", { name: "m", provider: "groq", api_key: "env:GROQ_KEY" });
    expect((await online(entry("a", "m") + unset)).code).toBe(0);
    expect((await online(entry("a", "m") + unset, {}, ["--keys"])).code).toBe(2);
  });

  it("suggests only close ids", async () => {
    const server = await listing({ [key]: openaiModels("gpt-4o-mini", "o3") });
    const entry = (name: string) =>
      entryOf(name.replaceAll(/\W/g, "_"), { name, provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    const { models } = await online(entry("gpt-4o-mnii") + entry("llama-7b"));
    expect(models.map(({ online }) => online.suggestion)).toEqual(["gpt-4o-mini", undefined]);
    expect(models.map(({ ok }) => ok)).toEqual([false, false]);
  });

  it("checks each of several keys, and reports rejected ones", async () => {
    const server = await listing({ [key]: openaiModels("m") });
    const toml = entryOf("main", {
      name: "m",
      provider: "openai",
      api_key: [key, BAD],
      base_url: `${server.origin}/v1`,
    });
    const { models, code } = await online(toml);
    expect(models[0]?.online).toMatchObject({ status: "key-refused", message: expect.stringMatching(/^key 2 of 2: /) });
    expect([code, server.requests.length]).toEqual([2, 2]);
  });

  it.each([
    ["deepseek", "anything", 404],
    ["openai", "with a key for answers only", 403],
    ["mistral", "over another verb", 405],
  ])("%s has no list (%s, HTTP %i): not checked, which is not a failure", async (provider, _why, status) => {
    const server = await listing({ [key]: [status, { error: { message: "no list here" } }] });
    const toml = entryOf("main", { name: "m", provider, api_key: key, base_url: `${server.origin}/v1` });
    expect(await online(toml)).toMatchObject({ code: 0, statuses: ["cannot-be-asked"] });
  });

  it("does not report an OpenAI key without list permission as rejected", async () => {
    const message = "You have insufficient permissions for this operation. Missing scopes: api.model.read.";
    const server = await listing({ [key]: [401, { error: { message, type: "invalid_request_error" } }] });
    const toml = entryOf("main", { name: "m", provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    expect(await online(toml)).toMatchObject({ code: 0, statuses: ["cannot-be-asked"] });
  });

  it.each([
    [429, { error: { message: "slow down", code: "rate_limit_exceeded" } }, "HTTP 429: slow down"],
    [503, { error: { message: "down" } }, "HTTP 503: down"],
    [200, "no list", "expected a list of models, got a string"],
    [200, { status: "ok", uptime: 3 }, "expected a list of models, got an object with status, uptime"],
  ])("shows an unexpected response %i: %j", async (status, body, message) => {
    const server = await listing({ [key]: [status, body] });
    const toml = entryOf("main", { name: "m", provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    const { code, models } = await online(toml);
    expect([code, models[0]?.online]).toEqual([1, { status: "unexpected-answer", message }]);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["openai", "gpt-4o-2031-01-01", ["gpt-4o"], "no-such-model"],
    ["openai", "gpt-4o", ["gpt-4o-2031-01-01"], "ok"],
    ["openai", "chatgpt-9-latest", ["chatgpt-9-2031-01-01"], "ok"],
    ["ollama", "llama9", ["llama9:latest"], "ok"],
    ["ollama", "llama9:8b", ["llama9:4b"], "no-such-model"],
    ["openrouter", "a/b:nitro", ["a/b"], "ok"],
    ["fireworks", "accounts/me/deployedModels/x", ["accounts/fireworks/models/y"], "not-listed"],
    ["llamacpp", "whatever", ["model.gguf"], "not-listed"],
  ] as const)("%s: %s with a list of %j is %s", async (provider, name, ids, status) => {
    const server = await listing({ [key]: openaiModels(...ids) });
    const toml = entryOf("main", { name, provider, api_key: key, base_url: `${server.origin}/v1` });
    expect(await online(toml)).toMatchObject({ statuses: [status], code: status === "no-such-model" ? 2 : 0 });
  });

  it("sends no request when the file is invalid", async () => {
    const server = await listing({ [key]: openaiModels("m") });
    const toml = `${entryOf("main", { name: "m", provider: "openai", api_key: key, base_url: `${server.origin}/v1` })}temprature = 1\n`;
    const { code } = await cli(["check", "--online"], { toml });
    expect([code, server.requests.length]).toEqual([2, 0]);
  });
});

describe("MODELWRIGHT_SIMULATE=1", () => {
  it("prevents requests to real providers in every command", async () => {
    const server = await listing({ [key]: openaiModels("m") });
    const toml = entryOf("real", { name: "m", provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    const session = { toml, env: { MODELWRIGHT_SIMULATE: "1", XDG_CACHE_HOME: tmpdir() } };
    for (const argv of [
      ["run", "-m", "real", "Hello"],
      ["check", "--online"],
      ["models", "--discover", "simulator"],
    ]) {
      const { code, err } = await cli(argv, session);
      expect([argv[0], code, err]).toEqual([argv[0], 0, expect.any(String)]);
    }
    const update = await cli(["catalog", "update", "--from", server.origin], session);
    expect([update.code, update.err]).toEqual([1, expect.stringContaining("MODELWRIGHT_SIMULATE is set")]);
    expect(server.requests).toEqual([]);
  });

  it("fails every command with a file when misspelled", async () => {
    const server = await listing({ [key]: openaiModels("m") });
    const toml = entryOf("real", { name: "m", provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    for (const argv of [
      ["run", "-m", "real", "Hello"],
      ["check", "--online"],
      ["models", "--discover", "real"],
    ]) {
      const { code, err } = await cli(argv, { toml, env: { MODELWRIGHT_SIMULATED: "1" } });
      expect([argv[0], code, err]).toEqual([
        argv[0],
        expect.any(Number),
        expect.stringContaining("MODELWRIGHT_SIMULATE"),
      ]);
      expect(code).not.toBe(0);
    }
    expect(server.requests).toEqual([]);
  });
});
