import { describe, expect, test } from "vitest";
import { BareJson } from "../../src/transport/bare-json.ts";

/** What is read as an object, and what is left of the text, in pieces of `size` characters. */
function objectIn(text: string, size = text.length): [string | undefined, string] {
  const bare = new BareJson();
  bare.begin();
  for (let at = 0; at < text.length; at += size) {
    const { object, rest } = bare.read(text.slice(at, at + size));
    if (!bare.open) return [object, rest + text.slice(at + size)];
    expect(rest).toBe("");
  }
  return [undefined, ""];
}

describe("an object between events", () => {
  test.each([1, 2, 100])("ends at its last brace, in pieces of %i", (size) => {
    for (const object of [
      '{"a":1}',
      '{"a":[{"b":[]}]}',
      '{"a":"}"}',
      '{"a":"\\"}"}',
      '{"a":"\\\\"}',
      '{"[":"]"}',
      '{"a":["]"]}',
      "{[}}",
    ])
      expect(objectIn(`${object} rest`, size)).toEqual([object, " rest"]);
  });

  test("that has not ended is buffered, up to 64 KiB", () => {
    const most = 64 * 1024;
    for (const [length, open] of [
      [most, true],
      [most + 1, false],
    ] as const) {
      const bare = new BareJson();
      bare.begin();
      expect(bare.read(`{${"x".repeat(length - 1)}`)).toEqual({ object: undefined, rest: "" });
      expect(bare.open).toBe(open);
    }
  });

  test("leaves no state for the next one", () => {
    const bare = new BareJson();
    bare.begin();
    bare.read('{"a":"');
    expect(bare.read('"}')).toEqual({ object: '{"a":""}', rest: "" });
    bare.begin();
    expect(bare.read('{"b":1}')).toEqual({ object: '{"b":1}', rest: "" });
    const endless = new BareJson();
    endless.begin();
    endless.read(`{[{"${"x".repeat(70_000)}`);
    expect(endless.open).toBe(false);
    endless.begin();
    expect(endless.read('{"b":1} rest')).toEqual({ object: '{"b":1}', rest: " rest" });
  });
});

describe("the start of an object", () => {
  test.each([
    ["{", 0],
    ["data: {", -1],
    ["data: x\n{", 8],
    ["data: x\r{", 8],
    ["a\r{b\n{", 2],
    ["a\n{b\r{", 2],
    [" {", -1],
  ])("in %j is %i", (text, place) => {
    expect(new BareJson().startIn(text)).toBe(place);
  });

  test.each([
    ["data: x\n", 0],
    ["data: x\r", 0],
    ["data: x", -1],
  ])("after %j is immediate: %i", (before, place) => {
    const bare = new BareJson();
    bare.startIn(before);
    expect(bare.startIn("")).toBe(-1);
    expect(bare.startIn("{")).toBe(place);
  });

  test("is not after another object on its line", () => {
    const bare = new BareJson();
    bare.begin();
    bare.read("{}");
    expect(bare.startIn("{")).toBe(-1);
  });
});
