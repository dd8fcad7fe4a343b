import { describe, expect, it } from "vitest";
import { WhiteSpaceWatch } from "../../src/layers/white-space.ts";

/** How much was read when the white space became too much, of pieces of `size` characters. */
function readOf(text: string, size = text.length, wantsJson = false): number | undefined {
  const watch = new WhiteSpaceWatch(wantsJson);
  for (let at = 0; at < text.length; at += size) {
    const read = watch.add(text.slice(at, at + size));
    if (read !== undefined) return at + read;
  }
  return undefined;
}

const sizes = [1, 7, 2_000, 9_000];
const space = (times: number) => " ".repeat(times);

describe("consecutive whitespace", () => {
  it.each(sizes)("in a text is too much after two thousand, in pieces of %i", (size) => {
    expect(readOf(`a${space(2_000)}b${space(2_000)}`, size)).toBeUndefined();
    const read = readOf(`a${space(2_000)}b${space(3_000)}`, size) ?? 0;
    expect(read).toBeGreaterThanOrEqual(4_003);
    expect(read - 4_003).toBeLessThan(size <= 2_000 ? size : 1);
    expect(readOf(`a${space(2_001)}`)).toBe(2_002);
  });

  it.each(sizes)("in JSON is too much after 256, in its strings after two thousand, in pieces of %i", (size) => {
    expect(readOf(`{"a":${space(256)}1,${space(256)}"b${space(2_000)}":[2]}`, size)).toBeUndefined();
    expect(readOf(`{"a":${space(300)}`, size)).toBe(5 + 257);
    expect(readOf(`["${space(2_500)}`, size)).toBe(2 + 2_001);
  });

  it.each(sizes)("before any text is too much when JSON was requested, in pieces of %i", (size) => {
    expect(readOf(`${space(256)}words${space(256)}{}`, size, true)).toBeUndefined();
    expect(readOf(space(300), size, true)).toBe(257);
    expect(readOf(space(2_000), size)).toBeUndefined();
    expect(readOf(space(3_000), size)).toBe(2_001);
  });

  it("includes every kind of whitespace, and nothing else", () => {
    for (const char of [" ", "\t", "\n", "\v", "\f", "\r", "\u00a0", "\u3000"])
      expect(readOf(`a${char.repeat(2_001)}`)).toBe(2_002);
    for (const char of ["\u0008", "\u000e", "\u0000", "\u001f", "!", "\u00a1", "\u3001"])
      expect(readOf(`a${char.repeat(2_001)}`)).toBeUndefined();
  });
});

describe("a JSON text", () => {
  const closedBy = (text: string, size: number) => {
    const watch = new WhiteSpaceWatch(false);
    for (let at = 0; at < text.length; at += size) watch.add(text.slice(at, at + size));
    return [watch.closed, watch.run, watch.mayBeJson];
  };

  it.each([1, 3, 100])("is complete at its last brace, in pieces of %i", (size) => {
    expect(closedBy('{"a":[1,{"b":2}]', size)).toEqual([false, 0, true]);
    expect(closedBy('{"a":[1,{"b":2}]}', size)).toEqual([true, 0, true]);
    expect(closedBy(' ["}",1] \n', size)).toEqual([true, 2, true]);
  });

  it.each([1, 3, 100])("handles escapes in strings, in pieces of %i", (size) => {
    expect(closedBy('{"a":"\\"}', size)).toEqual([false, 0, true]);
    expect(closedBy('{"a":"\\\\"}', size)).toEqual([true, 0, true]);
    expect(closedBy('{"a":"\\n\\"}"}', size)).toEqual([true, 0, true]);
    expect(closedBy('{"":""}', size)).toEqual([true, 0, true]);
  });

  it.each([1, 3, 100])("is not complete when text follows, in pieces of %i", (size) => {
    expect(closedBy("[1] and more  ", size)).toEqual([false, 2, false]);
    expect(closedBy("words [1]", size)).toEqual([false, 0, false]);
  });
});
