import { describe, expect, it } from "vitest";
import { dollars, duration, perMillion, shortCount } from "../../src/cli/wording.ts";

describe("formatted numbers", () => {
  it.each([
    [999, "999"],
    [1_000, "1k"],
    [8_192, "8.2k"],
    [200_000, "200k"],
    [1_048_576, "1.05M"],
  ])("%i tokens are %s", (count, words) => {
    expect(shortCount(count)).toBe(words);
  });

  it.each([
    [null, "price unknown"],
    [0, "$0"],
    [0.0000273, "$0.0000273"],
    [0.1, "$0.1"],
    [12.345, "$12.35"],
  ])("%d dollars are %s", (usd, words) => {
    expect(dollars(usd)).toBe(words);
  });

  it.each([
    [812.4, "812 ms"],
    [2_500, "2.5 s"],
    [60_000, "60 s"],
    [600_000, "10 min"],
    [86_400_000, "24 h"],
  ])("%d milliseconds are %s", (milliseconds, words) => {
    expect(duration(milliseconds)).toBe(words);
  });

  it("an unknown price is a question mark, never 0", () => {
    expect(perMillion(undefined)).toBe("?");
    expect(perMillion({ input: 0.0375, output: 15 })).toBe("$0.0375 / $15.00");
  });
});
