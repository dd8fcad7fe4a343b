import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";

const LEAKING = join(import.meta.dirname, "leaking");

/** The end and the words of a test run over the files that leave something behind on purpose. */
let run: { readonly code: number; readonly output: string };

beforeAll(async () => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const { VITEST: _, ...env } = process.env;
  run = await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [vitest, "run", "--config", join(LEAKING, "vitest.config.ts")],
      { cwd: LEAKING, env: { ...env, NO_COLOR: "1" } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}, 60_000);

describe("a test file that leaks fails", () => {
  test.each([
    ["a server that listens", "server.leak.ts", "1 x TCPServerWrap"],
    ["both ends of a connection", "socket.leak.ts", "2 x TCPSocketWrap"],
    ["a timer", "timer.leak.ts", "1 x Timeout"],
    ["a listener on a shared AbortSignal", "signal-listener.leak.ts", "1 x listener on an AbortSignal"],
    ["a listener on the process", "process-listener.leak.ts", "1 x listener of SIGUSR2"],
  ])("%s", (_what, file, found) => {
    expect(sectionOf(`FAIL  ${file}`)).toContain(found);
  });

  test.each([
    ["a promise that rejects unheard", "Unhandled Rejection", "nobody heard this rejection"],
    ["an exception that nobody catches", "Uncaught Exception", "nobody caught this exception"],
    ["too many listeners on one emitter", "Uncaught Exception", "MaxListenersExceededWarning"],
    ["a timer longer than a timer can be", "Uncaught Exception", "TimeoutOverflowWarning"],
  ])("or fails the run: %s", (_what, kind, words) => {
    const errors = run.output.split(/^⎯+ (?=Unhandled Rejection|Uncaught Exception)/m);
    expect(errors.filter((error) => error.startsWith(kind)).join()).toContain(words);
  });

  test("and one that cleans up passes", () => {
    expect(run.output).toContain("✓ nothing.leak.ts");
    expect(run.output).not.toContain("FAIL  nothing.leak.ts");
    expect(run.output).toMatch(/Test Files {2}5 failed \| 5 passed/);
    expect(run.code).toBe(1);
  });
});

/** From the line that begins with `start` to the next ruler. */
function sectionOf(start: string): string {
  const from = run.output.indexOf(` ${start}`);
  return from < 0 ? "" : run.output.slice(from, run.output.indexOf("⎯⎯⎯", from));
}
