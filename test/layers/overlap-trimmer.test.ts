import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../src/core/event.ts";
import { OverlapTrimmer } from "../../src/layers/overlap-trimmer.ts";

const delta = (text: string): FlowEvent => ({ type: "text-delta", text, sample: 0 });
const finish: FlowEvent = { type: "finish", reason: "stop", sample: 0 };
const textOf = (events: readonly FlowEvent[]) =>
  events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");

/** What a reader sees of a continuation that comes in these pieces. */
function joined(before: string, ...pieces: readonly string[]): string {
  const trimmer = new OverlapTrimmer(before);
  return textOf([...pieces.flatMap((text) => trimmer.pass([delta(text)])), ...trimmer.pass([finish])]);
}

describe("the trimmer between a text and its continuation", () => {
  it.each([
    ["One. Two and three", "Two and three, and four", ", and four"],
    ["One. Two and three", " and four", " and four"],
    ["the longest end counts: abc abc abc", "abc abc abc def", " def"],
    ["seven letters: abcdefg", "abcdefg and on", "abcdefg and on"],
    ["eight letters: abcdefgh", "abcdefgh and on", " and on"],
    ["eight with spaces: abcdefg ", "abcdefg  and on", "abcdefg  and on"],
    ["if (a) {\n  }\n", "  }\n}", "  }\n}"],
    ["-- -- -- -- -- ", "-- -- -- -- -- x", "-- -- -- -- -- x"],
    ["a list\n- abc", "- abc\n- def", "\n- def"],
    ["a list\nabc\n", "abc\ndef", "abc\ndef"],
    ["a list\nabcd\n", "abcd\ndef", "def"],
    ["a list\nabcd", "abcd\ndef", "\ndef"],
    ["a list\nabcd", "abcde", "abcde"],
    ["a list abcd", "abcd\ndef", "abcd\ndef"],
    ["ok", "ok, then", ", then"],
    ["in the middle it was said: a long passage, and then more", "a long passage again", "a long passage again"],
  ])("%j + %j", (before, after, shown) => {
    expect(joined(before, after)).toBe(shown);
    expect(joined(before, ...after)).toBe(shown);
  });

  it("removes a repetition without further text", () => {
    expect(joined("a list\nabcd", "abcd")).toBe("");
    expect(joined("nothing more to say", "nothing more to say")).toBe("");
  });

  it("emits nothing of a repetition", () => {
    const trimmer = new OverlapTrimmer("nothing more to say");
    expect([...trimmer.pass([delta("nothing more to say")]), ...trimmer.pass([finish])]).toEqual([finish]);
  });

  it("drops a possible repetition truncated by the token limit, but emits it at a normal end", () => {
    const cut: FlowEvent = { type: "finish", reason: "length", sample: 0 };
    const limited = new OverlapTrimmer("One. Two. Three");
    expect([...limited.pass([delta("One. Tw")]), ...limited.pass([cut])]).toEqual([cut]);
    const known = new OverlapTrimmer("One. Two. Three");
    expect(textOf([...known.pass([delta("Three"), delta(" four")]), ...known.pass([cut])])).toBe("Three four");
    expect(joined("One. Two. Three", "One. Tw")).toBe("One. Tw");
  });

  it("compares at most 4000 characters", () => {
    const near = `twelve words${"x".repeat(3_988)}`;
    expect(joined(`y${near}`, `${near} and on`)).toBe(" and on");
    expect(joined(`y${near}`, `y${near} and on`)).toBe(`y${near} and on`);
  });

  it("buffers text only while it may be a repetition", () => {
    const trimmer = new OverlapTrimmer("One. Two and three");
    expect(trimmer.pass([delta("Two and")])).toEqual([]);
    expect(trimmer.pass([delta(" more")])).toEqual([delta("Two and more")]);
    const batch = [delta("Two and three")];
    expect(trimmer.pass(batch)).toBe(batch);
  });

  it("emits buffered text before a tool call or the end, but not before reasoning", () => {
    const trimmer = new OverlapTrimmer("One. Two and three");
    const thought: FlowEvent = { type: "reasoning-delta", text: "hm", sample: 0 };
    expect(trimmer.pass([delta("Two"), thought])).toEqual([thought]);
    const start: FlowEvent = { type: "tool-call-start", id: "1", name: "f", index: 0, sample: 0 };
    expect(trimmer.pass([start, finish])).toEqual([delta("Two"), start, finish]);
  });

  it("passes on response and usage events without closing", () => {
    const trimmer = new OverlapTrimmer("One. Two and three");
    expect(trimmer.pass([{ type: "response", id: "x" }, delta("Two and three")])).toEqual([
      { type: "response", id: "x" },
    ]);
    expect(trimmer.pass([delta("!")])).toEqual([delta("!")]);
  });
});
