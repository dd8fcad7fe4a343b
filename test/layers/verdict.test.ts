import { describe, expect, it } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import { asModelError, verdictOf } from "../../src/layers/verdict.ts";
import { targetOf } from "../harness/call-of.ts";

const failed = (model: string | undefined, code: ModelErrorCode) =>
  new ModelError({ code, message: `${code} there`, provider: "scripted", ...(model !== undefined && { model }) });
const [a, b, c] = [failed("a", "server_error"), failed("b", "server_error"), failed("c", "overloaded")];

describe("the error of several failures", () => {
  it("of one target is its own error", () => {
    expect(verdictOf([a], new Set(), [])).toBe(a);
    expect(verdictOf([a], new Set([a]), [])).toBe(a);
  });

  it("keeps a common code, and lists the errors in order", () => {
    const verdict = verdictOf([a, b], new Set(), []);
    expect(verdict).toMatchObject({ code: "server_error", model: "b", provider: "scripted", errors: [a, b], cause: b });
    expect(verdict.message).toBe(
      "All 2 models failed:\n  a: server_error: server_error there\n  b: server_error: server_error there",
    );
    expect(verdictOf([a, c], new Set(), []).code).toBe("all_models_failed");
  });

  it("ignores skipped targets, but lists them", () => {
    const verdict = verdictOf([a, c], new Set([c]), []);
    expect(verdict).toMatchObject({ code: "server_error", model: "a", errors: [a, c] });
    expect(verdict.message).toBe("server_error there\n  c: overloaded: overloaded there");
    expect(verdictOf([a, b, c], new Set([c]), []).message).toContain("All 3 models failed:");
  });

  it("is that of the skipped targets when none was used", () => {
    expect(verdictOf([a, b], new Set([a, b]), [])).toMatchObject({ code: "server_error", model: "b" });
  });

  it("names a target without a name as unknown", () => {
    expect(verdictOf([failed(undefined, "server_error"), b], new Set(), []).message).toContain("\n  ?: server_error");
  });

  it("names skipped fallbacks, unless no fallback would have helped", () => {
    expect(verdictOf([failed("a", "server_error")], new Set(), ["x", "y"]).message).toBe(
      "server_error there\n  skipped: x; y",
    );
    expect(verdictOf([failed("a", "invalid_output")], new Set(), []).message).toBe("invalid_output there");
    expect(verdictOf([failed("a", "aborted")], new Set(), ["x"]).message).toBe("aborted there");
  });
});

it("errors of a dialect become one ModelError", () => {
  const target = targetOf("main");
  expect(asModelError(a, target)).toBe(a);
  const cause = new TypeError("bug");
  expect(asModelError(cause, target)).toMatchObject({
    code: "protocol_error",
    message: "scripted (main-model): bug",
    model: "main",
    cause,
  });
  expect(asModelError("words", target).message).toBe("scripted (main-model): words");
});
