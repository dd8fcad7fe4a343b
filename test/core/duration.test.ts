import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration, untilDate } from "../../src/core/duration.ts";

describe("a duration from a provider", () => {
  it.each([
    ["17ms", 17],
    ["6m0s", 360_000],
    ["2m59.56s", 179_560],
    ["53.01s", 53_010],
    ["1h", 3_600_000],
    ["1d2h", 93_600_000],
    ["7", 7_000],
    ["0.8", 800],
    [" 5s ", 5_000],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 6);
  });

  it("is parsed back after formatting", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999), (d, h, m, s, ms) => {
        expect(parseDuration(`${d}d${h}h${m}m${s}s${ms}ms`)).toBe((((d * 24 + h) * 60 + m) * 60 + s) * 1_000 + ms);
      }),
    );
  });

  it("is never NaN, negative or infinite", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[-+\d.emshd ]{0,20}$/), fc.double().map(String)),
        (text) => {
          const parsed = parseDuration(text);
          if (parsed !== undefined) {
            expect(Number.isFinite(parsed)).toBe(true);
            expect(parsed).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([["-5s"], ["1e5"], ["s"], ["5x"], [""], ["NaN"], ["Infinity"], ["5 s"], ["9".repeat(400)], ["1.s"]])(
    "%s is not a duration",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe("a date from a provider", () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5);
  it.each([
    ["2026-01-02T03:04:06Z", 1_000],
    ["Fri, 02 Jan 2026 03:04:07 GMT", 2_000],
    ["2026-01-02T03:04:00Z", 0],
    ["soon", undefined],
    ["5", undefined],
    ["Xyz, garbage", undefined],
  ])("%s is %s ms away", (text, ms) => {
    expect(untilDate(text, at)).toBe(ms);
  });

  it("never throws and is never negative", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, now) => {
        expect(untilDate(text, now) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
