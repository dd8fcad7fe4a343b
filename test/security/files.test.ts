import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ConfigError, ModelFactory } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { SECRETS, secretsIn } from "../harness/canary.ts";
import { smallBody } from "../harness/small-answers.ts";
import { cli } from "../harness/terminal.ts";
import { threadMs } from "../harness/thread-time.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const at = (name: string) => join(folder, name);

async function logInto(file: string, calls = 1): Promise<void> {
  const server = await serving(() => smallBody("openai"));
  const factory = ModelFactory.parse(
    `[logging]\nlevel = "debug"\nfile = ${JSON.stringify(file)}\n[models.a]\nname = "m"\nprovider = "h"\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\n`,
    { env: {}, baseDir: folder },
  );
  onTestFinished(() => factory.close());
  for (let call = 0; call < calls; call++) await factory.get("a").codegen("Hello");
}

function configErrorOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("expected a ConfigError");
}

describe("a log file", () => {
  test("is readable only by its owner", async () => {
    await logInto("own.log");
    expect(mode(at("own.log"))).toBe("600");
    expect(readFileSync(at("own.log"), "utf8")).toContain("call answered");
  });

  test("that others could read becomes private", async () => {
    writeFileSync(at("open.log"), "before\n", { mode: 0o666 });
    await logInto("open.log");
    expect(mode(at("open.log"))).toBe("600");
    expect(readFileSync(at("open.log"), "utf8")).toMatch(/^before\n/);
  });

  test("that is deleted while in use is recreated as private", async () => {
    const server = await serving(() => {
      rmSync(at("turned.log"), { force: true });
      return smallBody("openai");
    });
    const factory = ModelFactory.parse(
      `[logging]\nlevel = "debug"\nfile = "turned.log"\n[models.a]\nname = "m"\nprovider = "h"\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\n`,
      { env: {}, baseDir: folder },
    );
    onTestFinished(() => factory.close());
    await factory.get("a").codegen("Hello");
    expect(mode(at("turned.log"))).toBe("600");
  });

  test.each(["is there", "is not there yet"])(
    "that is a link to a file that %s is rejected, and the file is not changed",
    async (state) => {
      if (state === "is there") writeFileSync(at("victim"), "mine\n", { mode: 0o644 });
      symlinkSync(at("victim"), at("link.log"));
      const toml = '[logging]\nfile = "link.log"\n[models.a]\nname = "m"\nprovider = "simulator"\n';
      const error = configErrorOf(() => ModelFactory.parse(toml, { env: {}, baseDir: folder }));
      expect(error.problems[0]).toMatchObject({ path: "logging.file" });
      expect(error.message).toContain("symbolic link");
      expect(existsSync(at("victim"))).toBe(state === "is there");
      if (state === "is there")
        expect([readFileSync(at("victim"), "utf8"), mode(at("victim"))]).toEqual(["mine\n", "644"]);
    },
  );

  test("that becomes a link while in use is not followed", async () => {
    writeFileSync(at("victim"), "mine\n");
    const server = await serving(() => {
      rmSync(at("swapped.log"), { force: true });
      if (!existsSync(at("swapped.log"))) symlinkSync(at("victim"), at("swapped.log"));
      return smallBody("openai");
    });
    const factory = ModelFactory.parse(
      `[logging]\nlevel = "debug"\nfile = "swapped.log"\n[models.a]\nname = "m"\nprovider = "h"\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\n`,
      { env: {}, baseDir: folder },
    );
    onTestFinished(() => factory.close());
    expect((await factory.get("a").codegen("Hello")).text).toBe("fine");
    expect(readFileSync(at("victim"), "utf8")).toBe("mine\n");
  });

  test("may be a device", async () => {
    await logInto("/dev/null");
    expect(mode("/dev/null")).toBe("666");
  });

  test.each([
    ["in a folder that is not there", "nowhere/own.log"],
    ["that is a folder", "."],
  ])("%s is a ConfigError with the full path", (_name, file) => {
    const toml = `[logging]\nfile = "${file}"\n[models.a]\nname = "m"\nprovider = "simulator"\n`;
    const error = configErrorOf(() => ModelFactory.parse(toml, { env: {}, baseDir: folder }));
    expect(error.message).toContain(join(folder, file));
    expect(existsSync(at("nowhere"))).toBe(false);
  });
});

describe("init writes", () => {
  const env = { OPENAI_API_KEY: SECRETS.key, ANTHROPIC_API_KEY: SECRETS.secondKey };

  test("names of variables but never a key", async () => {
    const { folder: here, out, err } = await cli(["init", "--yes"], { env });
    const text = readFileSync(join(here, "models.toml"), "utf8");
    expect(text).toContain('provider = "openai"');
    expect(secretsIn(text + out + err)).toEqual([]);
  });

  test("nothing through a symbolic link, except with --force", async () => {
    writeFileSync(at("victim"), "mine\n");
    symlinkSync(at("victim"), at("models.toml"));
    const { code } = await cli(["init", at("models.toml"), "--yes"], { env });
    expect([code, readFileSync(at("victim"), "utf8")]).toEqual([2, "mine\n"]);
    symlinkSync(at("not-there"), at("dangling.toml"));
    expect((await cli(["init", at("dangling.toml"), "--yes"], { env })).code).toBe(2);
    expect(existsSync(at("not-there"))).toBe(false);
  });
});

describe("a file: reference", () => {
  const keyFrom = (reference: string, baseDir: string | undefined = folder) => {
    const toml = `[models.a]\nname = "m"\nprovider = "openai"\napi_key = ${JSON.stringify(reference)}\n`;
    const factory = ModelFactory.parse(toml, { env: {}, ...(baseDir !== undefined && { baseDir }) });
    onTestFinished(() => factory.close());
    return factory.get("a");
  };

  test("is read from any path, because the author of the file is trusted", () => {
    mkdirSync(at("inner"));
    writeFileSync(at("key"), `${SECRETS.key}\n`);
    for (const path of ["../key", at("key")])
      expect(secretsIn(JSON.stringify(keyFrom(`file:${path}`, at("inner")).config))).toEqual([]);
  });

  test("in text without a directory reads nothing", () => {
    const toml = `[models.a]\nname = "m"\nprovider = "openai"\napi_key = "file:/etc/hostname"\n`;
    expect(configErrorOf(() => ModelFactory.parse(toml, { env: {} })).message).toContain("baseDir");
  });

  test("to a file of more than 1 MiB, a folder, a device or nothing is reported with its position, without content", () => {
    writeFileSync(at("huge"), SECRETS.key.repeat(40_000));
    writeFileSync(at("lines"), `${SECRETS.key}\n${SECRETS.secondKey}\n`);
    for (const [path, words] of [
      ["huge", "larger than 1 MiB"],
      [".", "not a regular file"],
      ["/dev/zero", "not a regular file"],
      ["absent", "file not found: absent"],
      ["lines", "HTTP cannot carry"],
      ["huge/inner", "cannot be read"],
      ["nul\u0000byte", "cannot be read"],
    ] as const) {
      const error = configErrorOf(() => keyFrom(`file:${path}`));
      expect(error.problems[0]).toMatchObject({ line: 4, column: 11 });
      expect(error.message).toContain(words);
      expect(secretsIn(error.message)).toEqual([]);
    }
  });

  test("to a pipe without a writer does not block", () => {
    execFileSync("mkfifo", [at("pipe")]);
    expect(configErrorOf(() => keyFrom(`file:${at("pipe")}`)).message).toContain("not a regular file");
    const toml = `[models.a]\nname = "m"\nprovider = "openai"\napi_key = "k"\ntls = { ca_file = "pipe" }\n`;
    const factory = ModelFactory.parse(toml, { env: {}, baseDir: folder });
    expect(configErrorOf(() => factory.get("a")).message).toContain("not a regular file");
  });

  test("does not take quadratic time for a file of line breaks", () => {
    writeFileSync(at("breaks"), `${"\n".repeat(1_000_000)}x`);
    const startMs = threadMs();
    configErrorOf(() => keyFrom("file:breaks"));
    expect(threadMs() - startMs).toBeLessThan(500);
  });
});

describe("models.toml itself", () => {
  test("is not read from a pipe or a device, nor beyond its limit", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    writeFileSync(at("huge.toml"), "#".repeat(5_000_000));
    for (const path of [at("pipe"), "/dev/zero", at("huge.toml"), folder])
      await expect(ModelFactory.load(path, { env: {} })).rejects.toBeInstanceOf(ConfigError);
  });
});
