import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/core/config-error.ts";
import { errorOf, FACTS, parse } from "../harness/parse-config.ts";

/** A folder with the given files, gone after the test. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-include-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const load = (files: Readonly<Record<string, string>>, options: Partial<LoadOptions> = {}) =>
  loadConfig("models.toml", { ...FACTS, env: {}, cwd: folderOf(files), ...options });

async function refused(files: Readonly<Record<string, string>>): Promise<string> {
  const error = await load(files).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

const model = (name: string, lines = "") => `[models.${name}]\nname = "${name}-id"\nprovider = "openai"\n${lines}`;

describe("include", () => {
  test("merges files key by key, with precedence for the main file and its entries first", async () => {
    const config = await load({
      "models.toml": `include = ["team.toml"]\n${model("mine")}[models.shared]\ntemperature = 0.1\n`,
      "team.toml": `[defaults]\nnum_retries = 7\n${model("shared", "temperature = 0.9\ntop_p = 0.5\n")}`,
    });
    expect(config.names).toEqual(["mine", "shared"]);
    expect(config.defaultModel).toBe("mine");
    expect(config.entry("shared")).toMatchObject({ temperature: 0.1, topP: 0.5, numRetries: 7, name: "shared-id" });
  });

  test("reports the file of each value", async () => {
    const config = await load({
      "models.toml": `include = ["parts/team.toml"]\n[models.shared]\ntemperature = 0.1\n`,
      "parts/team.toml": model("shared", "temperature = 0.9\ntop_p = 0.5\n"),
    });
    expect(config.origin("shared", "temperature")).toEqual({
      ...{ layer: "entry", from: "models.shared", file: "models.toml", line: 3, column: 15 },
    });
    expect(config.origin("shared", "top_p")).toMatchObject({ file: join("parts", "team.toml"), line: 5 });
  });

  test("lets later files override earlier ones, expands patterns in name order, reads each file once", async () => {
    const config = await load({
      "models.toml": 'include = ["base.toml", "more/*.toml", "base.toml"]\n',
      "base.toml": model("one", "temperature = 0\n"),
      "more/b.toml": "[models.one]\ntemperature = 0.2\n",
      "more/a.toml": 'include = ["../base.toml"]\n[models.one]\ntemperature = 0.1\ntop_p = 0.1\n',
    });
    expect(config.entry("one")).toMatchObject({ temperature: 0.2, topP: 0.1 });
  });

  test("reports a pattern that matches no file", async () => {
    const loading = load({ "models.toml": `include = ["team/*.toml"]\n${model("one")}` });
    await expect(loading).rejects.toMatchObject({
      problems: [{ line: 1, column: 12, path: "include[0]", message: 'no file matches "team/*.toml"' }],
    });
  });

  test("applies profiles of all files to all files", async () => {
    const files = {
      "models.toml": 'include = ["team.toml"]\n[profiles.ci.models.one]\ntemperature = 0.3\n',
      "team.toml": `${model("one", "temperature = 0\n")}[profiles.ci.models.one]\nprovider = "simulator"\n`,
    };
    const config = await load(files, { profile: "ci" });
    expect(config.entry("one")).toMatchObject({ temperature: 0.3, provider: "simulator" });
    expect((await load(files)).profiles).toEqual(["ci"]);
  });

  test("resolves paths relative to their file", async () => {
    const config = await load({
      "models.toml": 'include = ["team/models.toml"]\n',
      "team/models.toml": model("one", 'api_key = "file:key.txt"\ntls = { ca_file = "ca.pem" }\n'),
      "team/key.txt": "key-of-the-team\n",
    });
    const entry = config.resolveEntry("one");
    expect(entry.apiKey).toEqual(["key-of-the-team"]);
    expect(entry.tls?.caFile).toMatch(/team[\\/]ca\.pem$/);
  });

  test("accepts a variable as path", async () => {
    const files = {
      "models.toml": 'include = ["env:TEAM:-team.toml"]\n',
      "team.toml": model("one"),
      "b.toml": model("b"),
    };
    expect((await load(files)).names).toEqual(["one"]);
    expect((await load(files, { env: { TEAM: "b.toml" } })).names).toEqual(["b"]);
  });
});

describe("an invalid include", () => {
  test("is rejected with the errors of all files and their positions", async () => {
    const message = await refused({
      "models.toml": `include = ["team.toml"]\n[models.shared]\nfallback_models = ["nobody"]\n`,
      "team.toml": model("shared", 'temperature = 3\nstpo = "END"\n'),
    });
    expect(message.split("\n")).toEqual(
      [
        'team.toml:4:15: "temperature" must be at most 2, not 3',
        'team.toml:5:1: unknown key "stpo" in [models.shared] (did you mean "stop"?)',
        'models.toml:3:20: unknown entry "nobody"; known entries: shared',
      ].sort((a, b) => Number(b.startsWith("models")) - Number(a.startsWith("models"))),
    );
  });

  test("is rejected when a file is missing, not TOML, not text, or cyclic", async () => {
    expect(await refused({ "models.toml": `include = ["gone.toml"]\n${model("a")}` })).toBe(
      "models.toml:1:12: file not found: gone.toml",
    );
    expect(await refused({ "models.toml": 'include = ["a.toml"]\n', "a.toml": "[models.x]\nname = \n" })).toMatch(
      /^a\.toml:2:\d+: invalid TOML/,
    );
    expect(
      await refused({ "models.toml": `include = ["a.toml"]\n${model("x")}`, "a.toml": 'include = ["models.toml"]\n' }),
    ).toBe('a.toml:1:12: "include" is cyclic: models.toml -> a.toml -> models.toml');
    expect(await refused({ "models.toml": `include = "a.toml"\n${model("x")}` })).toBe(
      'models.toml:1:11: "include" must be an array, not "a.toml"',
    );
    expect(await refused({ "models.toml": `include = ["."]\n${model("x")}` })).toContain("is not a regular file");
  });

  test("is rejected when the files are too large together, or too many", async () => {
    const large = `# ${"x".repeat(600_000)}\n`;
    expect(await refused({ "models.toml": `include = ["a.toml"]\n${large}`, "a.toml": large })).toContain(
      "larger than 1 MiB together",
    );
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`m/${index}.toml`, "# nothing\n"]));
    expect(await refused({ "models.toml": `include = ["m/*.toml"]\n${model("x")}`, ...many })).toContain(
      "more than 100 files",
    );
  });

  test("is rejected in text without a directory", () => {
    expect(errorOf(() => parse(`include = ["a.toml"]\n${model("x")}`)).message).toContain("needs baseDir");
  });
});
