import { describe, expect, it } from "vitest";
import { ArgumentsText, checkToolCall } from "../../src/core/tool-arguments.ts";
import { threadMs } from "../harness/thread-time.ts";

/** What is shown of the pieces, and what they say in the end. */
function read(...pieces: string[]) {
  const text = new ArgumentsText();
  const shown = pieces.map((piece) => text.add(piece));
  return { shown: [...shown, text.end()].join(""), text: text.text };
}

describe("streamed arguments", () => {
  it.each([
    ["plain pieces", ['{"a":', '"x', 'y"}'], '{"a":"xy"}'],
    ["an opening {} before the pieces", ["{}", '{"a":', '"xy"}'], '{"a":"xy"}'],
    ["an opening null before the object", ["null", '{"a":1}'], '{"a":1}'],
    ["snapshots of the text", ['{"a"', '{"a":"x', '{"a":"xy"}'], '{"a":"xy"}'],
    ["everything again at the end", ['{"a":', '"xy"}', '{"a":"xy"}'], '{"a":"xy"}'],
    ["everything again at the end, in pieces and spaced", ['{"a":', "1}", '{ "a"', ": 1 }"], '{"a":1}'],
    ["an object that begins like what came before", ['{"a":', '{"a":1}', "}"], '{"a":{"a":1}}'],
    ["braces inside a string", ['{"a":"}', '{","b":1}'], '{"a":"}{","b":1}'],
    ["a quote and braces inside a string", ['{"a":"\\', '"}', '{"}'], '{"a":"\\"}{"}'],
    ["a blank after the end", ['{"a":1}', "\n"], '{"a":1}\n'],
  ])("are read from %s", (_, pieces, text) => {
    expect(read(...pieces)).toEqual({ shown: text, text });
  });

  it("use the last of several snapshots", () => {
    expect(read("{}", '{"a":"x"}', '{"a":"xy","b":[1]}', '{"a":"xy","b":[1,2]}').text).toBe('{"a":"xy","b":[1,2]}');
  });

  it("are not changed when two objects contradict each other", () => {
    expect(read('{"a":1}', '{"b":2}').text).toBe('{"a":1}{"b":2}');
  });

  it("are emitted as they arrive, an initial {} only if it stays alone", () => {
    const text = new ArgumentsText();
    expect([text.add('{"a"'), text.add(":1"), text.add("}"), text.end()]).toEqual(['{"a"', ":1", "}", ""]);
    expect(read("{}").shown).toBe("{}");
    expect(read("").shown).toBe("{}");
    expect(read("null").shown).toBe("{}");
  });

  it("are emitted as they arrive after a brace inside a string", () => {
    const text = new ArgumentsText();
    expect(['{"a":"\\"}', "{", '"}'].map((piece) => text.add(piece))).toEqual(['{"a":"\\"}', "{", '"}']);
  });

  it("are completed by the server's repetition, compared as JSON", () => {
    const begun = () => {
      const text = new ArgumentsText();
      text.add('{"a":[1');
      text.add(",2]}".slice(0, 2));
      return text;
    };
    expect(begun().complement('{"a":[1,2]}')).toBe("]}");
    expect(begun().complement("")).toBe("");
    expect(begun().complement('{"a":[2]}')).toBeUndefined();
    const whole = new ArgumentsText();
    whole.add('{"a":1,"b":{"c":2}}');
    expect(whole.complement('{ "b": { "c": 2 }, "a": 1 }')).toBe("");
    expect(whole.complement('{"a":1}')).toBeUndefined();
    const opened = new ArgumentsText();
    opened.add("{}");
    expect(opened.complement('{"a":1}')).toBe('{"a":1}');
  });

  it("are parsed in linear time for any chunks", () => {
    const spent = (piece: string) => {
      const text = new ArgumentsText();
      const begun = threadMs();
      text.add('{"code":"');
      for (let count = 0; count < 300_000; count++) {
        text.add(piece);
        if (text.empty || text.complete) throw new Error("the arguments are still open");
      }
      text.add('"}');
      text.end();
      return threadMs() - begun;
    };
    for (const piece of ["{}", "ab", "}{", '\\"']) expect(spent(piece)).toBeLessThan(3000);
  });

  it("are compared at any depth without a stack overflow", () => {
    const deep = `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const text = new ArgumentsText();
    text.add(deep);
    expect(text.complement(`${deep} `)).toBe(" ");
    expect(text.complement(deep.replace("a", "b"))).toBeUndefined();
  });
});

describe("a finished tool call", () => {
  const check = (name: string | undefined, json: string) => checkToolCall({ id: "c", name, json });

  it("has arguments, {} for blank or null", () => {
    expect(check("f", '{"a":1}')).toEqual({
      call: { kind: "function", id: "c", name: "f", arguments: { a: 1 }, json: '{"a":1}' },
    });
    for (const json of ["", "  ", "null"])
      expect(check("f", json)).toMatchObject({ call: { arguments: {}, json: "{}" } });
  });

  it.each([
    ["no name", undefined, "{}", "has no name"],
    ["a blank name", " ", "{}", "has no name"],
    ["broken JSON", "f", '{"a":', "are not JSON"],
    ["plain text", "f", "Paris", "are not JSON"],
    ["a JSON string", "f", '"Paris"', "are not a JSON object"],
    ["an array", "f", "[1]", "are not a JSON object"],
    ["a number", "f", "5", "are not a JSON object"],
  ])("is rejected with %s", (_, name, json, words) => {
    expect(check(name, json)).toEqual({ problem: expect.stringContaining(words) });
  });
});
