import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deltasOf, firstTokens, jsonDeltasOf, tokensOf, tokenTexts } from "../../src/dialects/served/tokens.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(" ", "\n", "a", "b", "é", "🙂") }),
);

describe("tokens and deltas", () => {
  it("add up to the original string", () => {
    fc.assert(
      fc.property(text, (given) => {
        expect([deltasOf(given).join(""), jsonDeltasOf(given).join(""), tokenTexts(given).join("")]).toEqual([
          given,
          given,
          given,
        ]);
        expect(tokenTexts(given)).toHaveLength(tokensOf(given));
      }),
    );
  });

  it("truncate a string to a number of tokens, never inside a code point", () => {
    fc.assert(
      fc.property(text, fc.nat({ max: 20 }), (given, limit) => {
        const cut = firstTokens(given, limit);
        expect(given.startsWith(cut)).toBe(true);
        expect(tokensOf(cut)).toBe(Math.min(limit, tokensOf(given)));
      }),
    );
  });
});
