import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

interface Fuzzed {
  readonly code: number | string | null;
  readonly output: string;
  /** Features no seed had. */
  readonly found: number;
}

/** A process of its own, because the counts of V8 are those of a whole process. */
function fuzzed(target: string, runs: number): Promise<Fuzzed> {
  const args = ["scripts/fuzz.ts", "--target", target, "--runs", String(runs), "--seconds", "600", "--seed", "1"];
  return new Promise((settle) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) => {
      const found = Number(/(\d+) new/.exec(stdout)?.[1]);
      settle({ code: error?.code ?? 0, output: stdout + stderr, found });
    });
  });
}

describe("a fuzzer guided by what runs", () => {
  test("comes to a defect that nobody guesses, and says which input brings it", { timeout: 120_000 }, async () => {
    const { code, output } = await fuzzed("planted", 20_000);
    expect(output).toContain('breaks: "bug!"');
    expect(code).toBe(1);
  });

  test.each([
    ["sse", 1_000],
    ["answer", 1_500],
    ["toml", 500],
  ])("finds nothing that breaks %s in %i runs", { timeout: 120_000 }, async (target, runs) => {
    const { code, output, found } = await fuzzed(target, runs);
    expect(code, output).toBe(0);
    expect(found, output).toBeGreaterThan(0);
  });
});
