import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wellFormedBody } from "../../src/transport/well-formed-body.ts";
import { threadMs } from "../harness/thread-time.ts";

describe("a JSON body", () => {
  test("has no lone surrogate, for any text", () => {
    const text = fc
      .array(fc.constantFrom("\ud83d", "\ude00", "\ud83d\ude00", "\\", '"', "\\ud83d", "u", "d83d", "a"))
      .map((all) => all.join(""));
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const sent = wellFormedBody(JSON.stringify(texts));
        expect(JSON.parse(sent)).toEqual(texts.map((one) => one.toWellFormed()));
      }),
    );
  });

  test("is checked in linear time", () => {
    const startMs = threadMs();
    wellFormedBody(JSON.stringify("\\".repeat(1_000_000) + "\ud83d".repeat(100_000)));
    expect(threadMs() - startMs).toBeLessThan(1_000);
  });
});
