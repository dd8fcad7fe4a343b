import { describe, expect, it } from "vitest";
import { cli, TOML } from "../harness/terminal.ts";

const BAD = `default_model = "fsat"

[models.fast]
name = "made-up-1"
provider = "simulator"
custom_llm_provider = "openai"
temprature = 0.2

[models.other]
name = "x"
provider = "opnai"
fallback_models = ["fats"]
temperature = 9
`;

describe("check", () => {
  it("shows every error with position, line and suggestion", async () => {
    const { golden } = await cli(["check"], { toml: BAD });
    await expect(golden).toMatchFileSnapshot("golden/check-bad.txt");
  });

  it("prints errors as JSON", async () => {
    const { golden } = await cli(["check", "--json"], { toml: BAD });
    await expect(golden).toMatchFileSnapshot("golden/check-bad-json.txt");
  });

  it("lists the models of a valid file and which are not usable yet", async () => {
    const { golden } = await cli(["check"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/check.txt");
  });

  it("shows changed and failing settings with their lines", async () => {
    const toml = `[models.thinker]\nname = "o3"\nprovider = "simulator"\ntemperature = 0.2\n\n[models.strict]\nextends = "thinker"\nstrict = true\n`;
    const { golden } = await cli(["check"], { toml });
    await expect(golden).toMatchFileSnapshot("golden/check-lint.txt");
  });

  it("fails on warnings with --strict only", async () => {
    const toml = `[models.thinker]\nname = "o3"\nprovider = "simulator"\ntemperature = 0.2\n`;
    expect((await cli(["check"], { toml })).golden).toContain("exit 0");
    expect((await cli(["check", "--strict"], { toml })).golden).toContain("exit 2");
  });

  it("warns about keys of the gateway that are not set, and fails only with --keys", async () => {
    const toml = `${TOML}\n[gateway.keys.ann]\nkey = "env:ANN_KEY"\nmodels = ["fast"]\n`;
    const { code, out } = await cli(["check"], { toml });
    expect(out).toMatch(/models\.toml:\d+:\d+: warning: .*ANN_KEY/);
    expect(code).toBe(0);
    expect((await cli(["check", "--strict"], { toml })).code).toBe(0);
    expect((await cli(["check", "--keys"], { toml })).code).toBe(2);
    expect((await cli(["check"], { toml, env: { ANN_KEY: "short" } })).code).toBe(2);
    expect((await cli(["check"], { toml, env: { ANN_KEY: "a-key-of-32-random-characters-xyz" } })).out).not.toContain(
      "ANN_KEY",
    );
  });

  it("warns about retired and retiring models, and fails only with --strict", async () => {
    const toml =
      '[models.old]\nname = "o1-mini"\nprovider = "openai"\napi_key = "k"\n\n[models.mini]\nname = "gpt-4o-mini"\nprovider = "openai"\napi_key = "k"\n';
    const { code, out } = await cli(["check"], { toml, today: "2026-11-20" });
    expect(out).toMatch(/! old +openai +o1-mini +retired on 2025-10-27/);
    expect(out).toMatch(/! mini +openai +gpt-4o-mini +ok, the model retires on 2027-01-14/);
    expect(out).toMatch(/models\.toml:7:8: warning: gpt-4o-mini retires on 2027-01-14; use gpt-5/);
    expect(out).toContain("2 warnings");
    expect(code).toBe(0);
    expect((await cli(["check", "--strict"], { toml, today: "2026-11-20" })).code).toBe(2);
    const early = await cli(["check", "--strict"], { toml, today: "2025-01-20" });
    expect([early.code, early.out.includes("warning")]).toEqual([0, false]);
  });

  it("marks only entries with a warning", async () => {
    const toml =
      '[models.a]\nname = "claude-sonnet-4-5"\nprovider = "openai"\napi_key = "k"\n\n[models.b]\nname = "gpt-6-luna"\nprovider = "openai"\napi_key = "k"\n';
    const { code, out } = await cli(["check"], { toml });
    expect(out).toMatch(/! a +openai +claude-sonnet-4-5 +1 warning\n/);
    expect(out).toMatch(/✓ b +openai +gpt-6-luna +ok\n/);
    expect(out).toContain(
      'models.toml:3:12: warning: openai has no claude models such as "claude-sonnet-4-5"; write provider = "anthropic"\n',
    );
    expect(code).toBe(0);
  });

  it("explains how to specify a file when there is none", async () => {
    const none = await cli(["check"]);
    expect(none.err).toMatch(/no models\.toml in .*--config FILE or MODELWRIGHT_CONFIG/);
    const gone = await cli(["check"], { env: { MODELWRIGHT_CONFIG: "gone.toml" } });
    expect(gone.err).toMatch(/file not found: .*gone\.toml \(set by MODELWRIGHT_CONFIG\); name it with --config FILE/);
  });

  it("prints the models as JSON", async () => {
    const { golden } = await cli(["check", "--json"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/check-json.txt");
  });

  it("reports a missing key only with --keys", async () => {
    expect((await cli(["check"], { toml: TOML })).code).toBe(0);
    expect((await cli(["check", "--keys"], { toml: TOML })).code).toBe(2);
    expect((await cli(["check", "--keys"], { toml: TOML, env: { FAR_KEY: "k-1" } })).code).toBe(0);
  });

  it("checks the file it is given", async () => {
    const { code, out } = await cli(["check", "other.toml"], { toml: BAD, files: { "other.toml": TOML } });
    expect(out).toContain("other.toml is correct");
    expect(code).toBe(0);
  });

  it("shows the line of a syntax error", async () => {
    const { code, out } = await cli(["check"], { toml: '[models.fast]\nname = "x\nprovider = "simulator"\n' });
    expect(out).toMatch(/^models\.toml:2:\d+: error: /);
    expect(out).toContain('> 2 | name = "x');
    expect(code).toBe(2);
  });

  it("reports a missing file as an error, and in the result with --json", async () => {
    const plain = await cli(["check", "gone.toml"]);
    expect(plain.err).toContain("file not found: ");
    const json = await cli(["check", "gone.toml", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, problems: [{ line: 0 }] });
    expect([plain.code, json.code]).toEqual([2, 2]);
  });

  it("never prints a key", async () => {
    const toml = TOML.replace("env:FAR_KEY", "k-very-secret").replace("num_retries = 1", "num_retries = -1");
    const { out, err } = await cli(["check"], { toml });
    expect(`${out}${err}`).not.toContain("k-very-secret");
  });
});
