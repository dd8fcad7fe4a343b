import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { factoryOf } from "../harness/simulated.ts";

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

describe("a factory", () => {
  test("lists its entries with provider and capabilities", () => {
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

  test("says <string> for a text, which has no file", () => {
    const toml = '[model.a]\nname = "gpt-4"\nprovider = "openai"\n';
    expect(() => factoryOf(toml)).toThrow(
      /^<string>:1:2: unknown key "model" in the file \(did you mean "models"\?\)$/,
    );
  });

  test("describes which variable each entry lacks without a request", () => {
    const factory = factoryOf(FOUR, { env: { OPENAI_API_KEY: "one" } });
    const lacking = Object.fromEntries(
      factory.names().map((name) => [name, factory.describe(name).problems?.join() ?? "ok"]),
    );
    expect(lacking["gpt-4"]).toBe("ok");
    expect(lacking["claude-3"]).toContain("ANTHROPIC_API_KEY");
    expect(lacking["gemini"]).toContain("GEMINI_API_KEY");
    expect(lacking["deepseek"]).toContain("DEEPSEEK_API_KEY");
  });

  test("lists the entries when a name is unknown", () => {
    const factory = factoryOf(FOUR, { env: KEYS });
    expect(() => factory.get("nope")).toThrow(ConfigError);
    expect(() => factory.get("claude-4")).toThrow(/claude-3/);
    for (const name of factory.names()) expect(() => factory.get("nope")).toThrow(new RegExp(name));
  });

  test("reports an unset variable when the model is created, without the value of another", () => {
    const factory = factoryOf(
      '[models.main]\nname = "some-model"\nprovider = "openai"\napi_key = "env:MY_KEY"\nbase_url = "http://127.0.0.1:9"\nextra_headers = { X-Team = "env:TEAM_TOKEN" }\n',
      { env: { TEAM_TOKEN: "hush-hush" } },
    );
    expect(() => factory.create()).toThrow(/MY_KEY/);
    expect(() => factory.create()).not.toThrow(/hush-hush/);
    expect(factory.describe("main").problems?.join()).toContain("MY_KEY");
  });
});
