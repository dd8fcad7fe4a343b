import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const CALLS = 100_000;

interface Report {
  readonly calls: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly flat: boolean;
}

// V8 discards and recompiles code when it likes, which moves the resident memory once; a leak fails twice.
const OPTIONS = { timeout: 400_000, retry: 1 };

test(
  "after a hundred thousand calls with faults and aborts, handles and memory are what they were after twenty thousand",
  OPTIONS,
  async () => {
    const { stdout, stderr } = await soak(CALLS);
    expect(stderr).toBe("");
    const report = JSON.parse(stdout) as Report;
    expect(report.calls).toBe(CALLS);
    // A fault is retried: nearly all calls that were not aborted end with the answer.
    expect(report.outcomes.fine).toBeGreaterThan(CALLS * 0.95);
    expect(report.outcomes.aborted).toBeGreaterThan(CALLS * 0.005);
    expect(report, stdout).toMatchObject({ flat: true });
  },
);

/** As in `npm run soak`. V8 doubles its young generation at any time, which looks like a leak; here it has one size. */
const FLAGS = ["--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16"];

function soak(calls: number): Promise<{ stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, "soak.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [...FLAGS, program, String(calls)], (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}
