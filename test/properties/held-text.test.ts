import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FlowEvent } from "../../src/core/event.ts";
import { stripTokensOf } from "../../src/core/special-tokens.ts";
import type { HeldText } from "../../src/layers/held-text.ts";
import { StopCutter } from "../../src/layers/stop-cutter.ts";
import { tokenStripper } from "../../src/layers/token-stripper.ts";

const RUNS = { numRuns: 1_000 };
const END: FlowEvent = { type: "finish", reason: "stop", sample: 0 };

/** What comes out after each delta, and after the end. */
function steps(held: HeldText, deltas: readonly string[]): readonly string[] {
  const events: FlowEvent[][] = [
    ...deltas.map((text): FlowEvent[] => [{ type: "text-delta", text, sample: 0 }]),
    [END],
  ];
  return events.map((batch) =>
    held
      .pass(batch)
      .map((event) => (event.type === "text-delta" ? event.text : ""))
      .join(""),
  );
}

const usual = stripTokensOf(true)?.tokens ?? [];
const ownWord = fc.string({ unit: fc.constantFrom("a", "b", "<"), minLength: 1, maxLength: 4 });
const words = fc.oneof(fc.constant(usual), fc.array(ownWord, { minLength: 1, maxLength: 4 }));
/** Texts full of words, halves of words, and words inside words. */
const deltasFor = (all: readonly string[]) => {
  const half = fc
    .constantFrom(...all)
    .chain((word) => fc.nat(word.length).map((at) => [word.slice(0, at), word.slice(at)]));
  return fc.array(
    fc.oneof(
      half.map(([left]) => left ?? ""),
      half.map(([, right]) => right ?? ""),
      fc.constantFrom(...all),
      fc.string({ maxLength: 3 }),
    ),
  );
};
const scene = words.chain((all) => fc.tuple(fc.constant(all), deltasFor(all)));

/** The same in the simplest way, with the whole text at hand. */
function stripped(text: string, tokens: readonly string[]): string {
  const longestFirst = [...tokens].sort((left, right) => right.length - left.length);
  const pattern = longestFirst.map((token) => token.replace(/[|\\{}()[\]^$+*?.]/g, "\\$&")).join("|");
  return text.replace(new RegExp(pattern, "g"), "");
}

/** A model that generates character by character stops at the first sequence that is complete. */
function stopped(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const ends = stops.filter((word) => text.slice(0, end).endsWith(word)).map((word) => end - word.length);
    if (ends.length > 0) return text.slice(0, Math.min(...ends));
  }
  return text;
}

describe("property 4: special tokens", () => {
  test("are removed, and nothing else, for any split of the text", () => {
    fc.assert(
      fc.property(scene, ([tokens, deltas]) => {
        expect(steps(tokenStripper({ tokens, where: "anywhere" }) as HeldText, deltas).join("")).toBe(
          stripped(deltas.join(""), tokens),
        );
      }),
      RUNS,
    );
  });

  test("never hold back as many characters as the longest token has", () => {
    fc.assert(
      fc.property(scene, ([tokens, deltas]) => {
        const longest = Math.max(...tokens.map((token) => token.length));
        const shown = steps(tokenStripper({ tokens, where: "anywhere" }) as HeldText, deltas);
        deltas.forEach((_, index) => {
          const told = stripped(deltas.slice(0, index + 1).join(""), tokens).length;
          expect(told - shown.slice(0, index + 1).join("").length).toBeLessThan(longest);
        });
      }),
      RUNS,
    );
  });

  /** Token after token is taken from the end, the longest that stands there. */
  function trimmed(text: string, tokens: readonly string[]): string {
    const here = text.trimEnd();
    const [token] = tokens.filter((word) => here.endsWith(word)).sort((left, right) => right.length - left.length);
    return token === undefined ? text : trimmed(here.slice(0, -token.length), tokens);
  }

  test("are removed only from the end for any split of the text, and only that end is held back", () => {
    fc.assert(
      fc.property(scene, ([tokens, deltas]) => {
        const shown = steps(tokenStripper({ tokens, where: "end" }) as HeldText, deltas);
        expect(shown.join("")).toBe(trimmed(deltas.join(""), tokens));
        const longest = Math.max(...tokens.map((token) => token.length));
        deltas.forEach((_, index) => {
          const told = deltas.slice(0, index + 1).join("");
          const least = Math.min(
            ...Array.from({ length: longest }, (_, half) => trimmed(told.slice(0, told.length - half), tokens).length),
          );
          expect(shown.slice(0, index + 1).join("").length).toBeGreaterThanOrEqual(least);
        });
      }),
      RUNS,
    );
  });

  test("stop sequences of ours end the text where a model would stop, for any split of the text", () => {
    fc.assert(
      fc.property(scene, ([stops, deltas]) => {
        expect(steps(new StopCutter(stops), deltas).join("")).toBe(stopped(deltas.join(""), stops));
      }),
      RUNS,
    );
  });
});
