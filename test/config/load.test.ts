import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/core/config-error.ts";
import { FACTS } from "../harness/parse-config.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-load-"));
const deep = join(folder, "a/b/c");
mkdirSync(deep, { recursive: true });
const text = (name: string) => `[models.${name}]\nname = "x"\nprovider = "openai"\n`;
writeFileSync(join(folder, "models.toml"), text("found"));
writeFileSync(join(folder, "other.toml"), text("other"));
writeFileSync(join(folder, "latin1.toml"), Buffer.from([0x23, 0xe9, 0x0a]));
afterAll(() => rmSync(folder, { recursive: true }));

const load = (path: string | undefined, options: Partial<LoadOptions> = {}) =>
  loadConfig(path, { ...FACTS, env: {}, cwd: deep, ...options });
const refused = async (run: Promise<unknown>) => {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
};

describe("loadConfig", () => {
  test("finds the file in the working directory or above", async () => {
    const config = await load(undefined);
    expect(config.names).toEqual(["found"]);
    expect(config.baseDir).toBe(folder);
  });

  test("prefers MODELWRIGHT_CONFIG to the search, and an explicit path to both", async () => {
    const env = { MODELWRIGHT_CONFIG: join(folder, "other.toml") };
    expect((await load(undefined, { env })).names).toEqual(["other"]);
    expect((await load("../../../models.toml", { env })).names).toEqual(["found"]);
  });

  test("reports the path as it was passed", async () => {
    writeFileSync(join(deep, "bad.toml"), `${text("a")}temperature = 3\n`);
    expect((await refused(load("bad.toml"))).message).toMatch(/^bad\.toml:4:15: /);
  });
});

describe("the error for an unusable file", () => {
  test("says where it was searched and how to create one", async () => {
    const error = await refused(load(undefined, { cwd: tmpdir() }));
    expect(error.message).toContain(`no models.toml in ${tmpdir()}`);
    expect(error.message).toContain("npx modelwright init");
    expect((await refused(load("nowhere.toml"))).message).toContain(`file not found: ${join(deep, "nowhere.toml")};`);
    expect((await refused(load(undefined, { env: { MODELWRIGHT_CONFIG: "gone.toml" } }))).message).toContain(
      "gone.toml (set by MODELWRIGHT_CONFIG)",
    );
  });

  test("explains how to specify a file", async () => {
    const help = "name it with --config FILE";
    expect((await refused(load(undefined, { cwd: tmpdir(), help }))).message).toContain(help);
    const env = { MODELWRIGHT_CONFIG: "gone.toml" };
    expect((await refused(load(join(deep, "gone.toml"), { env, help }))).message).toBe(
      `file not found: ${join(deep, "gone.toml")} (set by MODELWRIGHT_CONFIG); ${help}`,
    );
  });

  test("is a ConfigError for a directory and for invalid UTF-8", async () => {
    expect((await refused(load(folder))).message).toContain("is a folder, not a file");
    expect((await refused(load(join(folder, "latin1.toml")))).message).toContain("is not UTF-8");
  });

  test.each<[string, (path: string) => void, string]>([
    ["a dangling link", (path) => symlinkSync("nowhere", path), "is a symbolic link to a file that does not exist"],
    ["a link to itself", (path) => symlinkSync(path, path), "is a symbolic link that leads back to itself"],
    ["a folder", (path) => mkdirSync(path), "is a folder, not a file"],
    ["a pipe", (path) => void execFileSync("mkfifo", [path]), "is not a regular file"],
  ])("reports %s of that name instead of using a file further up", async (_, make, words) => {
    const near = mkdtempSync(join(deep, "near-"));
    make(join(near, "models.toml"));
    expect((await refused(load(undefined, { cwd: near }))).message).toContain(words);
  });
});

test("loading imports only the TOML parsers and zod", () => {
  const script = `
    import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({ resolve(name, context, next) { seen.push(name); return next(name, context); } });
    const { parseConfig } = await import(${JSON.stringify(new URL("../../src/config/load.ts", import.meta.url).href)});
    parseConfig(${JSON.stringify(text("a"))}, { env: {}, providers: [{ id: "openai", needsBaseUrl: false, keyEnv: [] }], dialects: [] }).resolveEntry("a");
    console.log(JSON.stringify([...new Set(seen.filter((name) => !/^[./]|^node:|^file:/.test(name)))]));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  // eslint-visitor-keys belongs to toml-eslint-parser, which a bundler must see.
  expect(JSON.parse(stdout).sort()).toEqual(["eslint-visitor-keys", "smol-toml", "toml-eslint-parser", "zod"]);
});
