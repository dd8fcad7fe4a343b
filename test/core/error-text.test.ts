import { execFile } from "node:child_process";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { expect, it } from "vitest";
import { ModelError } from "../../src/core/error.ts";

const SOURCE = join(import.meta.dirname, "../../src/core/error.ts");
const KEY = `sk-${"aB3".repeat(10)}`;

const busy = new ModelError({ code: "overloaded", message: "busy", model: "a", provider: "p", requestId: "r1" });
const cause = new TypeError(`bad ${KEY}\nmore`);
const limited = new ModelError({ code: "rate_limited", message: "slow", model: "b", retryAfterMs: 2_500, cause });
const both = () =>
  new ModelError({ code: "all_models_failed", message: "All 2 models failed\n- x", errors: [busy, limited], cause });

it("prints the error of each target on a line, the stack once and the cause on a line", () => {
  const lines = inspect(both()).split("\n");
  const isFrame = (line: string) => /^ {4}at /.test(line);
  expect(lines.filter((line) => !isFrame(line))).toEqual([
    "ModelError [all_models_failed]: All 2 models failed",
    "  a (p) overloaded: busy [request r1]",
    "  b rate_limited: slow [retry after 2.5 s]",
    "  cause: TypeError: bad [secret]",
  ]);
  expect(lines.filter(isFrame).length).toBeLessThanOrEqual(Error.stackTraceLimit);
  expect(lines.some(isFrame)).toBe(true);
});

it("prints request id and retry delay of a single target, without the partial answer", () => {
  const partial = { text: "the answer", reasoning: "", toolCalls: [] };
  const error = new ModelError({ code: "timed_out", message: "late", requestId: "r2", retryAfterMs: 1_000, partial });
  expect(inspect(error)).toMatch(/^ModelError \[timed_out\]: late\n {2}request r2, retry after 1 s\n {4}at /);
  expect(inspect({ deep: { error } })).not.toContain("the answer");
  expect(inspect({ a: { b: { c: { error } } } }, { depth: 2 })).not.toContain("late");
});

it("is what `console.error` of a process prints", async () => {
  const code = `
    import { ModelError } from ${JSON.stringify(SOURCE)};
    const one = (model) => new ModelError({ code: "overloaded", message: "busy", model });
    const error = new ModelError({ code: "all_models_failed", message: "All failed", errors: [one("a"), one("b")] });
    console.error(error);`;
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", code]);
  const { stderr } = await run.catch((failure: { stderr: string }) => failure);
  expect(stderr).toContain("ModelError [all_models_failed]: All failed\n  a overloaded: busy\n  b overloaded: busy\n");
  expect(stderr.split("\n").length).toBeLessThan(25);
});
