import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

function demo(environment: Readonly<Record<string, string>>, file = join(ROOT, "examples/demo.ts")) {
  const { FORCE_COLOR: _, NO_COLOR: __, COLUMNS: ___, MODELWRIGHT_PROFILE: ____, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    cwd: tmpdir(),
    encoding: "utf8",
    env: { ...env, ...environment },
  });
  return { status, stderr, stdout, shape: withoutTimes(stdout) };
}

/** Times and amounts of money differ from run to run; their places do not. */
function withoutTimes(text: string): string {
  return text
    .replace(/ *\d+ ms/g, (match) => (match.startsWith(" ") ? "  # ms" : "# ms"))
    .replace(/ +time/g, " time")
    .replace(/\$\d+\.\d+/g, "$#");
}

const PLAIN = { NO_COLOR: "1" };
const KEYS = { OPENAI_API_KEY: "sk-real", ANTHROPIC_API_KEY: "sk-ant-real", GEMINI_API_KEY: "AIza-real" };

describe("npm run demo", () => {
  it("in a pipe: plain text that says first that nothing is real, exit 0, nothing on stderr", async () => {
    const { status, stdout, stderr, shape } = demo({ COLUMNS: "110" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
    expect(stdout.split("\n")[0]).toMatch(/simulated.*no key, no network/);
    await expect(shape).toMatchFileSnapshot("golden/pipe.txt");
  });

  it("on a terminal of 80 columns: in colour, no line longer than it; keys that are set are not used", async () => {
    const { status, stdout, shape } = demo({ ...KEYS, COLUMNS: "80", FORCE_COLOR: "1" });
    expect(status).toBe(0);
    expect(stdout).toContain("14 requests on the server");
    const lines = stripVTControlCharacters(stdout).split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    await expect(shape).toMatchFileSnapshot("golden/terminal-80.txt");
  });

  it("ends with 1 and says what was not as expected", () => {
    const { status, stdout, stderr } = demo(PLAIN, changedCopy('expect("stream", 1,', 'expect("stream", 2,'));
    expect(status).toBe(1);
    expect(stderr).toContain("demo: stream: 4 requests on the server, expected 5");
    expect(stdout).toMatch(/✗ Failed/);
  });
});

/** The demo with one other expectation, in a folder of its own. */
function changedCopy(before: string, after: string): string {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-demo-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["examples", "node_modules"]) mkdirSync(join(folder, name));
  for (const name of ["models.toml", "package.json", "examples/demo-print.ts"])
    copyFileSync(join(ROOT, name), join(folder, name));
  for (const name of ["zod", "picocolors"])
    symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name), "junction");
  symlinkSync(join(ROOT, "dist"), join(folder, "dist"), "junction");
  const text = readFileSync(join(ROOT, "examples/demo.ts"), "utf8");
  expect(text).toContain(before);
  const file = join(folder, "examples/demo.ts");
  writeFileSync(file, text.replace(before, after));
  return file;
}
