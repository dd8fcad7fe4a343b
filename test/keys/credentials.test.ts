import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigError } from "../../src/core/config-error.ts";
import { isModelError } from "../../src/core/error.ts";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { type Host, host } from "../harness/host.ts";
import { factoryOf, PROMPT } from "./world.ts";

const entryAt = (server: Host, lines = "") =>
  `[models.main]\nname = "m"\nprovider = "openai"\nbase_url = "${server.url}/v1"\n${lines}\n`;

async function sent(server: Host, toml: string, options: FactoryOptions = {}): Promise<string | undefined> {
  await factoryOf(toml, options).create().codegen(PROMPT);
  return server.arrivals.at(-1)?.headers.authorization;
}

describe("the source of a key", () => {
  test("the entry overrides the provider's table, which overrides the environment", async () => {
    const server = await host();
    const env = { OPENAI_API_KEY: "from-environment" };
    const table = '[providers.openai]\napi_key = "from-provider"\n';
    expect(await sent(server, entryAt(server), { env })).toBe("Bearer from-environment");
    expect(await sent(server, table + entryAt(server), { env })).toBe("Bearer from-provider");
    expect(await sent(server, table + entryAt(server, 'api_key = "from-entry"'), { env })).toBe("Bearer from-entry");
  });

  test("env:NAME reads the environment, with an optional default", async () => {
    const server = await host();
    expect(
      await sent(server, entryAt(server, 'api_key = "env:MY_KEY"'), {
        env: { MY_KEY: "mine", OPENAI_API_KEY: "usual" },
      }),
    ).toBe("Bearer mine");
    expect(await sent(server, entryAt(server, 'api_key = "env:MY_KEY:-spare"'))).toBe("Bearer spare");
    expect(() => factoryOf(entryAt(server, 'api_key = "env:MY_KEY"')).create()).toThrow(/MY_KEY is not set/);
  });

  test("file:PATH reads a file without its last line break", async () => {
    const server = await host();
    const baseDir = mkdtempSync(join(tmpdir(), "keys-"));
    onTestFinished(() => rmSync(baseDir, { recursive: true }));
    writeFileSync(join(baseDir, "key.txt"), "from-file\n");
    expect(await sent(server, entryAt(server, 'api_key = "file:key.txt"'), { baseDir })).toBe("Bearer from-file");
    expect(() => factoryOf(entryAt(server, 'api_key = "file:key.txt"')).create()).toThrow(ConfigError);
  });

  test("creating a model without a key names the missing variable", async () => {
    const server = await host();
    expect(() => factoryOf(entryAt(server)).create()).toThrow(/OPENAI_API_KEY/);
    expect(() => factoryOf(entryAt(server), { env: { OPENAI_API_KEY: "  " } }).create()).toThrow(/OPENAI_API_KEY/);
  });

  test("a provider's second default variable is used when the first is not set", async () => {
    const server = await host();
    const google = `[models.main]\nname = "m"\nprovider = "google"\nbase_url = "${server.url}"`;
    await factoryOf(google, { env: { GOOGLE_API_KEY: "second" } })
      .create()
      .codegen(PROMPT);
    await factoryOf(google, { env: { GOOGLE_API_KEY: "second", GEMINI_API_KEY: "first" } })
      .create()
      .codegen(PROMPT);
    expect(server.arrivals.map(({ headers }) => headers["x-goog-api-key"])).toEqual(["second", "first"]);
  });

  test("the process environment is not read in addition to options.env", async () => {
    const server = await host();
    const before = process.env["OPENAI_API_KEY"];
    process.env["OPENAI_API_KEY"] = "of-the-process";
    try {
      expect(() => factoryOf(entryAt(server)).create()).toThrow(ConfigError);
    } finally {
      if (before === undefined) delete process.env["OPENAI_API_KEY"];
      else process.env["OPENAI_API_KEY"] = before;
    }
  });
});

const POISON = "sk-secret-value\nX-Injected: yes";

function shownBy(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return `${(error as Error).name} ${(error as Error).message} ${JSON.stringify(error)} ${(error as Error).stack}`;
  }
  return "nothing was thrown";
}

describe("a key with a line break", () => {
  const places: Readonly<Record<string, (server: Host) => { toml: string; options?: FactoryOptions }>> = {
    "in the usual variable": (server) => ({ toml: entryAt(server), options: { env: { OPENAI_API_KEY: POISON } } }),
    "behind a reference": (server) => ({
      toml: entryAt(server, 'api_key = "env:MY_KEY"'),
      options: { env: { MY_KEY: POISON } },
    }),
    "in a list": (server) => ({
      toml: entryAt(server, 'api_key = ["env:MY_KEY", "good"]'),
      options: { env: { MY_KEY: POISON } },
    }),
    "set in the file": (server) => ({ toml: entryAt(server, `api_key = ${JSON.stringify(POISON)}`) }),
    "in a header": (server) => ({
      toml: entryAt(server, 'api_key = "k"\nextra_headers = { X-Key = "env:MY_KEY" }'),
      options: { env: { MY_KEY: POISON } },
    }),
    "in the provider's table": (server) => ({
      toml: `[providers.openai]\napi_key = "env:MY_KEY"\n${entryAt(server)}`,
      options: { env: { MY_KEY: POISON } },
    }),
  };

  for (const [place, given] of Object.entries(places)) {
    test(`${place} is refused before any request, and not shown`, async () => {
      const server = await host();
      const { toml, options = {} } = given(server);
      const words = shownBy(() => factoryOf(toml, options).create());
      expect(words).toMatch(/^ConfigError/);
      expect(words).not.toMatch(/sk-secret|X-Injected/);
      expect(server.arrivals).toHaveLength(0);
    });
  }

  for (const provider of ["openai", "anthropic", "google"]) {
    test(`from a token hook of ${provider} ends the call unsent, and is not shown`, async () => {
      const server = await host();
      const toml = `[models.main]\nname = "m"\nprovider = "${provider}"\nbase_url = "${server.url}"\nnum_retries = 0`;
      const outcome = await factoryOf(toml, { tokens: { [provider]: async () => POISON } })
        .create()
        .safeCodegen(PROMPT);
      if (outcome.ok) throw new Error("the call was answered");
      const { error } = outcome;
      expect(isModelError(error)).toBe(true);
      expect(
        shownBy(() => {
          throw error;
        }),
      ).not.toMatch(/sk-secret|X-Injected/);
      expect(String(error.cause)).not.toMatch(/sk-secret|X-Injected/);
      expect(server.arrivals).toHaveLength(0);
    });
  }
});
