import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { errorOf, parse } from "../harness/parse-config.ts";

const HEAD = '[models.a]\nname = "a"\nprovider = "openai"\n';

describe("env: references", () => {
  test("are replaced in arrays, tables and headers, trimmed, with defaults and the escape", () => {
    const config = parse(
      `${HEAD}api_key = ["env:ONE", "env:TWO:-two"]
system = "env::is how a reference begins"
stop = ["env:EMPTY:-END"]
extra_headers = { "X-Team" = "env:TEAM" }
extra_body = { deep = [{ er = "env:ONE" }], kept = "environment: prod" }
`,
      { env: { ONE: " one\n", TEAM: "compilers", EMPTY: "" } },
    );
    expect(config.entry("a").apiKey).toEqual(["env:ONE", "env:TWO:-two"]);
    expect(config.resolveEntry("a")).toEqual({
      entry: "a",
      name: "a",
      provider: "openai",
      apiKey: ["one", "two"],
      system: "env:is how a reference begins",
      stop: ["END"],
      extraHeaders: { "X-Team": "compilers" },
      extraBody: { deep: [{ er: "one" }], kept: "environment: prod" },
    });
  });

  test("are reported together with their positions when missing, only for the model in use", () => {
    const config = parse(
      `[defaults]\nsystem = "env:SYSTEM"\n${HEAD}api_key = ["env:ONE", "env:TWO"]\nextra_headers = { A = "env:TEAM" }\n[models.b]\nname = "b"\nprovider = "openai"\nsystem = "x"\napi_key = "k"\n`,
      { env: { ONE: "one", TWO: "" } },
    );
    const error = errorOf(() => config.resolveEntry("a"));
    expect(error.message).toBe(
      [
        "models.toml:2:10: the environment variable SYSTEM is not set",
        "models.toml:6:23: the environment variable TWO is empty",
        "models.toml:7:23: the environment variable TEAM is not set",
      ].join("\n"),
    );
    expect(error.problems.map(({ path }) => path)).toEqual([
      "defaults.system",
      "models.a.api_key[1]",
      "models.a.extra_headers.A",
    ]);
    expect(config.resolveEntry("b").apiKey).toEqual(["k"]);
  });

  test("are not resolved in unneeded keys", () => {
    const config = parse(`${HEAD}api_key = "env:NOPE"\nbase_url = "env:NOPE_URL"\n`);
    expect(config.resolveEntry("a", { skip: ["apiKey", "base_url"] })).toEqual({
      entry: "a",
      name: "a",
      provider: "openai",
    });
  });

  test("are rejected by the variable's name, without its value, if the value has a line break", () => {
    const config = parse(`${HEAD}api_key = "env:BAD"\nbase_url = "env:URL"\nextra_headers = { A = "env:EURO" }\n`, {
      env: { BAD: "sec\nret", URL: "sec-ret", EURO: "sec€ret" },
    });
    const { message, problems } = errorOf(() => config.resolveEntry("a"));
    expect(problems).toHaveLength(3);
    expect(message).toContain("BAD holds a line break");
    expect(message).not.toMatch(/sec|ret"/);
  });
});

test("accepts multi-line variables for values in a body", () => {
  const config = parse(`${HEAD}api_key = "k"\nsystem = "env:RULES"\nextra_body = { note = "env:RULES" }\n`, {
    env: { RULES: "\nLine one.\r\nLine two.\tEnd\n" },
  });
  expect(config.resolveEntry("a")).toMatchObject({
    system: "Line one.\r\nLine two.\tEnd",
    extraBody: { note: "Line one.\r\nLine two.\tEnd" },
  });
});

describe("a model without a key", () => {
  test("uses the first default variable of its provider that is set", () => {
    const text = '[models.g]\nname = "g"\nprovider = "google"\n';
    expect(parse(text, { env: { GOOGLE_API_KEY: "second" } }).resolveEntry("g").apiKey).toEqual(["second"]);
    expect(
      parse(text, { env: { GEMINI_API_KEY: "first", GOOGLE_API_KEY: "second" } }).resolveEntry("g").apiKey,
    ).toEqual(["first"]);
    expect(parse(`${text}api_key = "own"`, { env: { GEMINI_API_KEY: "first" } }).resolveEntry("g").apiKey).toEqual([
      "own",
    ]);
  });

  test("is a problem only if the provider needs a key", () => {
    const config = parse(
      `${HEAD}[models.o]\nname = "o"\nprovider = "ollama"\n[models.n]\nname = "n"\nprovider = "openai"\nauth_header = "none"\n`,
    );
    expect(config.resolveEntry("a").apiKey).toBeUndefined();
    expect(errorOf(() => config.resolveEntry("a", { requireKey: true })).message).toBe(
      'models.toml:1:9: "a" has no key: set OPENAI_API_KEY, or write api_key = "env:NAME"',
    );
    expect(config.resolveEntry("o", { requireKey: true }).apiKey).toBeUndefined();
    expect(config.resolveEntry("n", { requireKey: true }).apiKey).toBeUndefined();
  });
});

describe("file: references", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-config-"));
  mkdirSync(join(folder, "prompts"));
  writeFileSync(join(folder, "prompts/coder.md"), "Write code.\nNothing else.\n");
  afterAll(() => rmSync(folder, { recursive: true }));
  const text = `${HEAD}api_key = "k"\nsystem = "file:prompts/coder.md"\n`;

  test("are relative to the file's directory, without the last line break", () => {
    expect(parse(text, { baseDir: folder }).resolveEntry("a").system).toBe("Write code.\nNothing else.");
  });

  test("report a missing directory and a missing file with their positions", () => {
    expect(errorOf(() => parse(text).resolveEntry("a")).problems).toMatchObject([
      { line: 5, column: 10, message: expect.stringContaining("baseDir") },
    ]);
    const missing = parse(text.replace("coder.md", "nobody.md"), { baseDir: folder });
    expect(errorOf(() => missing.resolveEntry("a")).message).toBe(
      "models.toml:5:10: file not found: prompts/nobody.md",
    );
  });

  test("resolve ca_file relative to the same directory", () => {
    const config = parse(`${HEAD}tls = { ca_file = "ca.pem" }`, { baseDir: folder });
    expect(config.resolveEntry("a").tls).toEqual({ caFile: join(folder, "ca.pem") });
  });
});
