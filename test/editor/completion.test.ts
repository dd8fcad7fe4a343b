import { afterAll, beforeAll, expect, it } from "vitest";
import { currentModels } from "../../src/catalog/current-models.ts";
import { PROVIDERS } from "../../src/catalog/providers.ts";
import { describeWith } from "../harness/needs.ts";
import { LanguageServer, tombi } from "./tombi.ts";

const ROOT = new URL("../../", import.meta.url);

describeWith(tombi, "an editor with the JSON Schema", () => {
  let server: LanguageServer;
  let documents = 0;
  beforeAll(async () => {
    server = new LanguageServer();
    await server.start(ROOT.href);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Asks at the mark `|` of a text. */
  async function ask(method: string, marked: string): Promise<unknown> {
    const [before = "", after = ""] = `#:schema ./schemas/models.schema.json\n${marked}`.split("|");
    documents += 1;
    const uri = new URL(`unsaved-${documents}.toml`, ROOT).href;
    await server.open(uri, before + after);
    const lines = before.split("\n");
    const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
    return server.request(method, { textDocument: { uri }, position });
  }

  async function suggested(marked: string): Promise<string[]> {
    const items = (await ask("textDocument/completion", marked)) as readonly { readonly label: string }[];
    return items.map(({ label }) => label);
  }

  async function shown(marked: string): Promise<string> {
    const hover = (await ask("textDocument/hover", marked)) as { readonly contents: { readonly value: string } };
    return hover.contents.value;
  }

  it("suggests the built-in providers", async () => {
    const words = await suggested("[models.coder]\nprovider = |");
    expect(words).toEqual(expect.arrayContaining(PROVIDERS.map(({ id }) => `"${id}"`)));
    expect(await suggested('[models.coder]\nprovider = "openr|"')).toEqual(['"openrouter"']);
  });

  it("suggests current models, wires, and the enum values of a key with several types", async () => {
    expect(await suggested('[models.coder]\nname = "claude|"')).toEqual(
      currentModels()
        .filter((id) => id.startsWith("claude"))
        .map((id) => `"${id}"`),
    );
    expect(await suggested('[models.coder]\ncustom_llm_provider = "open|"')).toEqual([
      '"openai"',
      '"openai-responses"',
    ]);
    expect(await suggested("[models.coder]\njitter = |")).toEqual([
      "true",
      "false",
      '"full"',
      '"none"',
      '"decorrelated"',
    ]);
  });

  it("suggests each key once, in the order of the documentation, in models, defaults, providers and profiles", async () => {
    const keys = await suggested("[models.coder]\n|");
    expect(keys.slice(0, 5)).toEqual(["name", "provider", "extends", "api_key", "base_url"]);
    expect(keys).toContain("hedge_after");
    expect(new Set(keys).size).toBe(keys.length);
    expect((await suggested("[defaults]\n|"))[0]).toBe("provider");
    expect((await suggested("[providers.openai]\n|"))[0]).toBe("api_key");
    expect(await suggested("[profiles.ci.models.coder]\n|")).toEqual(keys);
  });

  it("shows the description of a key, its default and the facts of the catalog", async () => {
    expect(await shown('[models.coder]\ntime|out = "2m"')).toMatch(/^Longest time of one attempt.* Default: `600`\./);
    expect(await shown("[models.coder]\ntempera|ture = 0.5")).toContain("1.5 at mistral");
    expect(await shown("[models.coder.circuit_breaker]\nthresh|old = 1")).toContain("Failures that open it.");
    expect(await shown("[models.coder]\nnum_re|tries = 1")).not.toContain("9007199254740991");
  });
});
