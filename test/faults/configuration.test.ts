import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished } from "vitest";
import { ConfigError, ModelFactory } from "../../src/index.ts";
import { threadMs } from "../harness/thread-time.ts";
import { factoryAt, faultTest, serving } from "./host.ts";

const MODEL = '[models.a]\nname = "gpt-4o-mini"\nprovider = "openai"\n';

/** The ConfigError that a file is refused with, when it is read or when its model is created. */
function refusal(toml: string, env: Readonly<Record<string, string>> = {}): ConfigError {
  try {
    const factory = ModelFactory.parse(toml, { env });
    factory.create();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const POISONS = [
  "[models.__proto__]\nbase_url = 'http://evil'\n[models.a]\nprovider='openai'\nname='x'\n",
  "[models.constructor]\nbase_url = 'http://evil'\n[models.a]\nprovider='openai'\nname='x'\n",
  `${MODEL}[models.a.extra_body.__proto__]\npolluted = true\n`,
  `[defaults.__proto__]\nbase_url = 'http://evil'\n${MODEL}`,
  `[providers.__proto__]\nbase_url = 'http://evil'\n${MODEL}`,
];

faultTest("X01", "names of the prototype are rejected, and it is unchanged", async () => {
  const before = Object.getOwnPropertyNames(Object.prototype).sort();
  for (const toml of POISONS) {
    const { problems } = refusal(toml);
    expect(
      problems.some(({ path }) => /__proto__|constructor/.test(path)),
      toml,
    ).toBe(true);
  }
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(({} as Record<string, unknown>)["base_url"]).toBeUndefined();
});

const BOMBS: Readonly<Record<string, string>> = {
  "20 000 deep keys": `'a'${".a".repeat(20_000)} = 1`,
  "200 000 keys": Array.from({ length: 200_000 }, (_, index) => `k${index} = 1`).join("\n"),
  "a text of 5 MB": `${MODEL}system = "${"x".repeat(5_000_000)}"\n`,
  "a comment of 5 MB": `# ${"x".repeat(5_000_000)}\n${MODEL}`,
  "deep arrays": `${MODEL}stop = ${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  "deep inline tables": `${MODEL}extra_body = ${"{a=".repeat(5_000)}1${"}".repeat(5_000)}`,
};

for (const [name, toml] of Object.entries(BOMBS))
  faultTest("X02", `${name} are refused at once`, async () => {
    const startMs = threadMs();
    expect(refusal(toml).problems.length).toBeGreaterThan(0);
    // 100 ms is the promise; other work shares the machine of the tests.
    expect(threadMs() - startMs).toBeLessThan(1_000);
  });

const KEYED = `${MODEL}api_key = 'env:SOME_KEY'\n`;

faultTest("X04", "a key with a control character is rejected without being shown", async () => {
  for (const value of ["sk-SEC\nRET", "sk-SEC\u0000RET", "sk-SEC\rRET"]) {
    const error = refusal(KEYED, { SOME_KEY: value });
    expect(error.message).toContain("SOME_KEY");
    expect(`${error.message} ${error.stack}`).not.toMatch(/sk-SEC|RET/);
  }
});

faultTest("X04", "a key that is invalid in a header is not shown either", async () => {
  for (const value of ["sk-SEC–RET", "sk-SEC\tRET", "sk-SEC€RET"]) {
    const server = await serving({
      attempts: [
        [
          ["status", 401],
          ["json", { error: { message: "wrong key" } }],
        ],
      ],
    });
    const toml = `${KEYED}base_url = "${server.baseUrl("openai")}"\nnum_retries = 0\n`;
    const error = await (async () => {
      await using factory = ModelFactory.parse(toml, { env: { SOME_KEY: value } });
      return await factory.create().codegen("Hello");
    })().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/SEC|RET/);
  }
});

faultTest("X04", "a missing variable is named; spaces around a key are trimmed", async () => {
  expect(refusal(KEYED).message).toContain("SOME_KEY");
  const server = await serving({
    attempts: [
      [
        ["status", 401],
        ["json", { error: { message: "wrong key" } }],
      ],
    ],
    routes: [{ match: { header: { authorization: "Bearer sk-trimmed" } }, attempts: [[["okjson"]]] }],
  });
  for (const value of ["sk-trimmed", "  sk-trimmed ", "sk-trimmed\n", "\ufeffsk-trimmed"]) {
    const toml = `${KEYED}base_url = "${server.baseUrl("openai")}"\nnum_retries = 0\n`;
    await using factory = ModelFactory.parse(toml, { env: { SOME_KEY: value } });
    expect((await factory.create().codegen("Hello")).text, JSON.stringify(value)).toBe("ok");
  }
});

const HEADERS: readonly string[] = [
  "x = 'a\\r\\nX-Evil: 1'".replaceAll("'", '"'),
  'x = "a\\u0000b"',
  'x = "naïve – dash"',
  '"x y" = "a"',
  'host = "evil"',
  'content-length = "1"',
  'transfer-encoding = "chunked"',
];

faultTest("X08", "invalid and reserved headers are rejected with their path", async () => {
  for (const header of HEADERS) {
    const { problems } = refusal(`${MODEL}[models.a.extra_headers]\n${header}\n`);
    expect(
      problems.some(({ path }) => path.startsWith("models.a.extra_headers")),
      header,
    ).toBe(true);
  }
});

faultTest("X13", "the cache has no path key, so nothing is written", async () => {
  for (const table of ["[cache]\npath='../../etc/cron.d/x'\n", "[ledger]\npath='../../etc/cron.d/x'\n"])
    expect(refusal(`${MODEL}${table}`).problems.length).toBeGreaterThan(0);
});

faultTest("X13", "a log file is readable only by its owner", async () => {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const server = await serving({});
  const keys = `\n[logging]\nlevel = "debug"\nfile = "${join(folder, "calls.log")}"\n`;
  const factory = factoryAt(server.baseUrl("openai"), keys);
  await factory.get("m").codegen("Hello");
  await factory.close();
  expect(statSync(join(folder, "calls.log")).mode & 0o777).toBe(0o600);
});
