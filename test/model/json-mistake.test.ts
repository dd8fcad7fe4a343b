import { expect, test } from "vitest";
import { jsonMistake } from "../../src/model/json-mistake.ts";

test.each([
  ['{"a": 1,}', "an unexpected character at line 1, column 9"],
  ['{\n  "a": 1\n  "b": 2\n}', "an unexpected character at line 3, column 3"],
  ['{"a": nope}', "an unexpected character at line 1, column 8"],
  ["{'a': 1}", "an unexpected character at line 1, column 2"],
  ['{"a": [1, 2', "unexpected end at line 1, column 12"],
  ['{"a": "half an answ', "unexpected end at line 1, column 20"],
  ['{"a": 1} Enjoy!', "unexpected text after the JSON at line 1, column 9"],
  ['Sure: {"a": 1}', "it does not begin with an object or array"],
  ["", "it does not begin with an object or array"],
  ['{"a": "two\nlines"}', "a string has a control character"],
])("%j: %s", (text, words) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(jsonMistake(text, text)).toBe(words);
});

test("the place is that in the whole answer, also where the JSON is in a code fence", () => {
  const json = '{"a": 1,}';
  expect(jsonMistake(`Here:\n\`\`\`json\n${json}\n\`\`\``, json)).toBe("an unexpected character at line 3, column 9");
});
