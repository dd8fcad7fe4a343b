import { describe, expect, it } from "vitest";
import { SECRETS, secretsIn } from "../harness/canary.ts";
import { cli } from "../harness/terminal.ts";
import { claudeModels, entryOf, listing, openaiModels } from "./providers.ts";

const { key, secondKey } = SECRETS;

async function world() {
  const openai = await listing({ [key]: openaiModels("made-up-1", "made-up-1-small", "made-up-9") });
  const anthropic = await listing({
    [secondKey]: claudeModels("made-up-sonnet-20300929", "made-up-haiku-20300101"),
  });
  const v1 = `${openai.origin}/v1`;
  const toml = [
    entryOf("coder", { name: "made-up-1", provider: "openai", api_key: key, base_url: v1 }),
    entryOf("same", {
      name: "made-up-1",
      provider: "openai",
      api_key: key,
      base_url: v1,
      custom_llm_provider: "openai-responses",
    }),
    entryOf("typo", { name: "made-up-1-smal", provider: "openai", api_key: key, base_url: v1 }),
    entryOf("claude", {
      name: "made-up-sonnet",
      provider: "anthropic",
      api_key: secondKey,
      base_url: anthropic.origin,
    }),
    entryOf("keyless", { name: "x", provider: "groq", api_key: "env:GROQ_KEY" }),
  ].join("");
  return { toml, openai, anthropic };
}

describe("models with discover = true", () => {
  const local = (origin: string) => `[providers.ollama]\nbase_url = "${origin}/v1"\ndiscover = true\n`;

  it("shows the models of the provider after the entries", async () => {
    const server = await listing({ none: { data: [{ id: "org/qwen3", context_length: 32_768 }, { id: "llama3.2" }] } });
    const toml = `${entryOf("coder", { name: "qwen3-coder", provider: "ollama" })}${local(server.origin)}`;
    const { out, err, code } = await cli(["models"], { toml });
    expect(out).toMatch(
      /coder \* .*\n.*ollama\/org\/qwen3 +ollama +org\/qwen3 +openai +33k .* ok.*\n.*ollama\/llama3\.2 /s,
    );
    expect([err, code, server.requests.length]).toEqual(["", 0, 1]);
    const rows = JSON.parse((await cli(["models", "--json"], { toml })).out) as { name: string; discovered?: true }[];
    expect(rows.map(({ name, discovered }) => [name, discovered])).toEqual([
      ["coder", undefined],
      ["ollama/org/qwen3", true],
      ["ollama/llama3.2", true],
    ]);
  });

  it("is mentioned by check, which asks nobody", async () => {
    const server = await listing({ none: openaiModels("a") });
    const { out, code } = await cli(["check"], { toml: local(server.origin) });
    expect(out).toContain("is correct: 0 models and those of ollama, no default");
    expect([code, server.requests.length]).toEqual([0, 0]);
  });

  it("asks the provider without an entry, too, with --discover", async () => {
    const server = await listing({ none: openaiModels("a") });
    const { out, code } = await cli(["models", "--discover", "ollama"], { toml: local(server.origin) });
    expect(out).toMatch(/^ollama · .* · 1 model\n.*\n {2}a /);
    expect([out.includes("!"), code, server.requests.length]).toEqual([false, 0, 1]);
  });

  it("shows the entries and a warning if the provider is not reachable", async () => {
    const toml = `${entryOf("coder", { name: "qwen3-coder", provider: "ollama" })}${local("http://127.0.0.1:9")}`;
    const { out, err, code } = await cli(["models"], { toml });
    expect(out).toContain("coder *");
    expect(err).toMatch(/^ {2}! the models of ollama are not listed: .*127\.0\.0\.1:9.*; check that ollama is running/);
    expect(code).toBe(0);
  });
});

describe("models --discover", () => {
  it("lists each provider's models, those in use, and entries without a match", async () => {
    const { toml, openai, anthropic } = await world();
    const { golden, out, err } = await cli(["models", "--discover"], { toml });
    await expect(golden).toMatchFileSnapshot("golden/discover.txt");
    expect(secretsIn(out + err)).toEqual([]);
    expect([openai.requests.length, anthropic.requests.length]).toEqual([1, 1]);
  });

  it("prints the same as JSON", async () => {
    const { toml } = await world();
    const { golden, out } = await cli(["models", "--discover", "--json"], { toml });
    expect(JSON.parse(out)[0].models.map(({ id }: { id: string }) => id)).toEqual([
      "made-up-1",
      "made-up-1-small",
      "made-up-9",
    ]);
    await expect(golden).toMatchFileSnapshot("golden/discover-json.txt");
  });

  it("shows the catalog's facts about listed models", async () => {
    const server = await listing({ [key]: openaiModels("gpt-4o", "made-up-9") });
    const toml = entryOf("any", { name: "gpt-4o", provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    const { out } = await cli(["models", "--discover"], { toml });
    expect(out).toMatch(/gpt-4o +128k +16k +\$2\.50 \/ \$10\.00 +any/);
    expect(out).toMatch(/made-up-9 +\? +\? +unknown/);
  });

  it("lists one provider of the file", async () => {
    const { toml, openai, anthropic } = await world();
    const { out, code } = await cli(["models", "--discover", "anthropic"], { toml });
    expect(out).toContain("made-up-haiku-20300101");
    expect(out).not.toContain("made-up-1");
    expect([openai.requests.length, anthropic.requests.length, code]).toEqual([0, 1, 0]);
    const wrong = await cli(["models", "--discover", "antropic"], { toml });
    expect(wrong.err).toContain('did you mean "anthropic"?');
    expect(wrong.code).toBe(2);
  });

  it("sends one request per key, organization and headers", async () => {
    const server = await listing({ [key]: openaiModels("a"), [secondKey]: openaiModels("b") });
    const base = { name: "a", provider: "openai", base_url: `${server.origin}/v1` };
    const toml = [
      entryOf("one", { ...base, api_key: [key, secondKey] }),
      entryOf("two", { ...base, api_key: secondKey }),
      entryOf("three", { ...base, api_key: key, organization_id: "org" }),
      `${entryOf("four", { ...base, api_key: key }).trimEnd()}\nextra_headers = { X-Team = "t" }\n`,
    ].join("");
    const { out, code } = await cli(["models", "--discover", "--json"], { toml });
    expect(server.requests).toHaveLength(4);
    expect(code).toBe(0);
    const places = JSON.parse(out) as { entries: string[]; missing: { entry: string }[] }[];
    expect(places.map(({ entries }) => entries)).toEqual([["one"], ["one", "two"], ["three"], ["four"]]);
    expect(places[1]?.missing.map(({ entry }) => entry)).toEqual(["one", "two"]);
  });

  it("reports failing providers, and shows the others", async () => {
    const server = await listing({ [key]: openaiModels("m") });
    const v1 = `${server.origin}/v1`;
    const entry = (name: string, lines: Record<string, string>) => entryOf(name, { name: "m", ...lines });
    const toml = [
      entry("good", { provider: "openai", api_key: key, base_url: v1 }),
      entry("refused", { provider: "groq", api_key: secondKey, base_url: v1 }),
      entry("gone", { provider: "mistral", api_key: key, base_url: "http://127.0.0.1:9/v1" }),
      entry("azure", { provider: "azure", api_key: key, base_url: server.origin }),
    ].join("");
    const { out, err, code } = await cli(["models", "--discover"], { toml });
    expect(out).toMatch(/openai · .* · 1 model\n/);
    expect(out).toMatch(/✗ the key is refused \(refused\): bad key/);
    expect(out).toMatch(/✗ not reached \(gone\): .*127\.0\.0\.1:9/);
    expect(out).toMatch(/! cannot be asked \(azure\): Azure lists/);
    expect(code).toBe(1);
    expect(secretsIn(out + err)).toEqual([]);
    const rest = await cli(["models", "--discover", "azure"], { toml });
    expect(rest.code).toBe(0);
  });

  it("shows progress on a terminal, but not in a pipe", async () => {
    const { toml } = await world();
    const terminal = await cli(["models", "--discover"], { toml, terminal: true });
    expect(terminal.err).toContain("asking ");
    expect((await cli(["models", "--discover"], { toml })).err).not.toContain("asking ");
  });

  it("stops on Ctrl-C", async () => {
    const controller = new AbortController();
    const { serve } = await import("../harness/loopback.ts");
    const server = await serve(() => controller.abort());
    const toml = entryOf("slow", { name: "m", provider: "openai", api_key: key, base_url: `${server.origin}/v1` });
    const { code, err } = await cli(["models", "--discover"], { toml, interrupted: controller.signal });
    expect(err).toContain("stopped");
    expect(code).toBe(130);
    await server.allClosed();
  });

  it("lists the simulator's models from its own server, without a key", async () => {
    const toml = '[models.any]\nname = "gpt-4o-mini"\nprovider = "simulator"\napi_key = ["env:NOT_SET", "k"]\n';
    const { out, code } = await cli(["models", "--discover"], { toml });
    expect(out).toMatch(/^simulator · openai wire · \d+ models, and any other id\n/);
    expect(out).toMatch(/gpt-4o-mini +128k +16k +\$0\.15 \/ \$0\.60 +any/);
    expect(out).not.toContain("unknown");
    expect(code).toBe(0);
  });

  it("reports no missing entries for the simulator", async () => {
    const { out } = await cli(["models", "--discover"], {
      toml: '[models.any]\nname = "mine"\nprovider = "simulator"\n',
    });
    expect(out).not.toContain("mine");
  });

  it("rejects --catalog", async () => {
    expect((await cli(["models", "--discover", "--catalog"], { toml: "" })).code).toBe(2);
  });
});
