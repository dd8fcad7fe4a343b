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
function fuzzed(target: string, seconds: number): Promise<Fuzzed> {
  const args = ["scripts/fuzz.ts", "--target", target, "--seconds", String(seconds), "--seed", "1"];
  return new Promise((settle) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) => {
      const found = Number(/(\d+) new/.exec(stdout)?.[1]);
      settle({ code: error?.code ?? 0, output: stdout + stderr, found });
    });
  });
}

describe("a fuzzer guided by what runs", () => {
  test("comes to a defect that nobody guesses, and says which input brings it", { timeout: 120_000 }, async () => {
    const { code, output } = await fuzzed("planted", 30);
    expect(output).toContain('breaks: "bug!"');
    expect(code).toBe(1);
  });

  test.each(["sse", "answer", "toml"])(
    "finds nothing that breaks %s in three seconds",
    { timeout: 120_000 },
    async (target) => {
      const { code, output, found } = await fuzzed(target, 3);
      expect(code, output).toBe(0);
      expect(found, output).toBeGreaterThan(0);
    },
  );
});
