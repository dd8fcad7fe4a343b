import fc from "fast-check";
import { Allow, parse } from "partial-json";
import { describe, expect, test } from "vitest";
import { GrowingJson } from "../../src/core/growing-json.ts";

function read(...pieces: readonly string[]): unknown {
  const json = new GrowingJson();
  for (const piece of pieces) json.push(piece);
  return json.value();
}

/** What a parser says that reads the whole text again each time. */
function reread(text: string): unknown {
  try {
    return parse(text, Allow.STR | Allow.ARR | Allow.OBJ);
  } catch {
    return undefined;
  }
}

describe("JSON that grows", () => {
  test.each<[string, unknown]>([
    ["", undefined],
    ["Here it is: ", undefined],
    ["{", {}],
    ['Sure: {"a":1} and so on [2', { a: 1 }],
    ['{"a', {}],
    ['{"a"', {}],
    ['{"a":', {}],
    ['{"a":1', {}],
    ['{"a":1,', { a: 1 }],
    ['{"a":-1.5e3 ', { a: -1500 }],
    ['{"a":tru', {}],
    ['{"a":null}', { a: null }],
    ['{"a":"x', { a: "x" }],
    ['{"a":"x\\', { a: "x" }],
    ['{"a":"x\\n', { a: "x\n" }],
    ['{"a":"\\ud83d', { a: "" }],
    ['{"a":"\\ud83d\\ude00', { a: "\ud83d\ude00" }],
    ['[[1],{"b":[', [[1], { b: [] }]],
    ["[1 2]", undefined],
    ["[1}", undefined],
    ['{"a":1,}', undefined],
    ["{1:2}", undefined],
    ["[nul]", undefined],
    ["[01]", undefined],
    ['["\\x"', undefined],
    ['["\\u12g4"', undefined],
  ])("%s", (text, value) => {
    expect(read(text)).toEqual(value);
    expect(read(...text)).toEqual(value);
  });

  test("matches a full parser at every cut, for any chunks", () => {
    const texts = fc
      .json({ maxDepth: 4, stringUnit: "grapheme" })
      .filter((text) => /^[[{]/.test(text) && !text.includes("__proto__"))
      // The other parser trims its text, also inside a string that is cut.
      .map((text) => text.replace(/\s/gu, "_"));
    fc.assert(
      fc.property(texts, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (text, sizes) => {
        const json = new GrowingJson();
        for (let end = 0; end < text.length; ) {
          const start = end;
          end = Math.min(text.length, end + (sizes.next().value as number));
          json.push(text.slice(start, end));
          expect(withoutHalfPairs(json.value())).toEqual(withoutHalfPairs(reread(text.slice(0, end))));
        }
        expect(json.value()).toEqual(JSON.parse(text));
      }),
    );
  });

  test("keeps complete parts as the same objects and copies open ones", () => {
    const json = new GrowingJson();
    json.push('{"done":{"a":1},"open":[1,');
    const first = json.value() as { done: object; open: number[] };
    json.push("2,");
    const second = json.value() as { done: object; open: number[] };
    expect(first.open).toEqual([1]);
    expect(second.open).toEqual([1, 2]);
    expect(second.done).toBe(first.done);
  });
});

/** Half of an emoji at the cut: the other parser shows it. */
function withoutHalfPairs(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null).replaceAll(/\\ud[89ab][0-9a-f]{2}/g, ""));
}
