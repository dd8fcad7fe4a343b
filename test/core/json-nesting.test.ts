import { expect, it } from "vitest";
import { JsonNesting } from "../../src/core/json-nesting.ts";

it.each([
  ["an object", '{"a":1} rest', 7],
  ["an array", "[1,[2]] rest", 7],
  ["a brace inside a string", '{"a":"}"}', 9],
  ["an escaped quote", String.raw`{"a":"\"}"}`, 11],
  ["an object that does not end", '{"a":[1}', -1],
  ["a text without brackets", '"a"', -1],
])("finds the end of %s", (_, text, end) => {
  expect(new JsonNesting().endIn(text)).toBe(end);
});

it("finds the same end for any chunks", () => {
  const text = String.raw`{"a":["}\\\"",{}],"b":"\\"} {`;
  const whole = new JsonNesting().endIn(text);
  for (let cut = 1; cut < whole; cut++) {
    const nesting = new JsonNesting();
    expect(nesting.endIn(text.slice(0, cut))).toBe(-1);
    expect(cut + nesting.endIn(text.slice(cut))).toBe(whole);
  }
});

it.each([
  ["", false, false],
  ['{"a":1', true, false],
  ['{"a":1} \n', false, true],
  ['{"a":1} x', false, false],
  ['{"a":1}{', true, false],
  ['"a', true, false],
])("knows whether %j is open or closed", (text, open, closed) => {
  const nesting = new JsonNesting();
  nesting.add(text);
  expect(nesting).toMatchObject({ open, closed });
});
