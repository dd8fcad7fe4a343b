import { expect, test } from "vitest";
import { retirementOf } from "../../src/core/retirement.ts";

const at = (moment: string) => Date.parse(moment);

test.each([
  ["2026-04-30", "2026-04-30T23:59:59Z", "near"],
  ["2026-04-30", "2026-05-01T00:00:00Z", "past"],
  ["2026-04", "2026-04-30T23:59:59Z", "near"],
  ["2026-04", "2026-05-01T00:00:00Z", "past"],
  ["2026-04-30", "2026-01-30T12:00:00Z", "near"],
  ["2026-04-30", "2026-01-29T12:00:00Z", "far"],
] as const)("a model that retires on %s is at %s: %s", (retiresOn, now, when) => {
  expect(retirementOf(retiresOn, at(now))).toBe(when);
});

test("a model without a date does not retire", () => {
  expect(retirementOf(undefined, at("2026-01-01"))).toBeUndefined();
  expect(retirementOf(null, at("2026-01-01"))).toBeUndefined();
});
