import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Quirks } from "../../../src/core/target.ts";
import { decodeChat } from "../../../src/dialects/openai/chat-decode.ts";
import { ThinkTags } from "../../../src/dialects/openai/think-tags.ts";
import { readAnswer, targetOf } from "../contract.ts";

type Kind = Quirks["thinkTags"];

/** The reasoning and text of an answer that arrives in these chunks. */
function split(pieces: readonly string[], kind: Kind | "none" = "tagged") {
  const got = { reasoning: "", text: "" };
  const tags = new ThinkTags(
    kind === "none" ? undefined : kind,
    (text) => {
      got.reasoning += text;
    },
    (text) => {
      got.text += text;
    },
  );
  for (const piece of pieces) tags.add(piece);
  const { open } = tags;
  tags.end();
  return { ...got, open };
}

describe("reasoning between tags", () => {
  it.each<[string, string, string, string]>([
    ["at the start", "<think>Hm.</think>4", "Hm.", "4"],
    ["after whitespace, surrounded by newlines", "\n<think>\nHm.\n</think>\n\n4\n", "\n\nHm.\n\n\n", "4\n"],
    ["empty", "<think>\n\n</think>\n\n4", "", "4"],
    ["that mentions the tags", "<think>a <think> b </thin</think> c", "a <think> b </thin", " c"],
    ["without a closing tag", "<think>Hm, </th", "Hm, </th", ""],
    ["absent, with a partial tag at the end", "if a <thin", "", "if a <thin"],
    ["only later in the text", "Use <think>x</think>.", "", "Use <think>x</think>."],
    ["in two places, of which only the first counts", "<think>a</think>b<think>c</think>", "a", "b<think>c</think>"],
    ["with only a closing tag", "Hm.</think>4", "", "Hm.</think>4"],
    ["after the maximum leading whitespace", `${" ".repeat(100)}<think>Hm.</think>4`, `${" ".repeat(100)}Hm.`, "4"],
    [
      "after more than the maximum leading whitespace",
      `${" ".repeat(101)}<think>Hm.</think>4`,
      "",
      `${" ".repeat(101)}<think>Hm.</think>4`,
    ],
  ])("%s", (_, whole, reasoning, text) => {
    for (const pieces of [[whole], [...whole]]) expect(split(pieces)).toMatchObject({ reasoning, text });
  });

  it("may start in the prompt when thinkTags is opened", () => {
    expect(split(["Hm.</thi", "nk>\n\n4"], "opened")).toMatchObject({ reasoning: "Hm.\n\n", text: "4" });
    expect(split(["<think>Hm.</think>4"], "opened")).toMatchObject({ reasoning: "Hm.", text: "4" });
    const blanks = " ".repeat(120);
    for (const pieces of [[`${blanks}<think>Hm.</think>4`], [blanks, "<think>", "Hm.</think>4"]])
      expect(split(pieces, "opened")).toMatchObject({ reasoning: `${blanks}<think>Hm.`, text: "4" });
    expect(split(["Hm."], "opened")).toEqual({ reasoning: "Hm.", text: "", open: true });
  });

  it("stays in the text when thinkTags is not set", () => {
    expect(split(["<think>Hm.</think>4"], "none")).toMatchObject({ reasoning: "", text: "<think>Hm.</think>4" });
  });

  const piece = fc.oneof(
    fc.constantFrom("<think>", "</think>", "<", "</", "think>", "\n", " ", " ".repeat(60)),
    fc.string({ unit: fc.constantFrom("a", "<", "/", "t", ">", "\n"), maxLength: 5 }),
  );

  it("is the same for any split, and only the tags are removed", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.boolean(),
        fc.array(fc.nat(200)),
        fc.constantFrom<Kind>("tagged", "opened"),
        (pieces, begun, cuts, kind) => {
          const whole = (begun ? "<think>" : "") + pieces.join("");
          const places = [...new Set([0, ...cuts.filter((cut) => cut < whole.length), whole.length])].sort(
            (left, right) => left - right,
          );
          const unsplit = split([whole], kind);
          expect(
            split(
              places.slice(1).map((end, at) => whole.slice(places[at], end)),
              kind,
            ),
          ).toEqual(unsplit);
          if (unsplit.reasoning === "") return;
          // After more than 100 whitespace characters, the tag is part of the text.
          const opened = /^\s{0,100}<think>/.test(whole) ? whole.replace("<think>", "") : whole;
          expect(unsplit.reasoning + unsplit.text).toBe(unsplit.open ? opened : opened.replace("</think>", ""));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("is read in linear time", () => {
    expect(split(Array<string>(400_000).fill("\n")).text).toHaveLength(400_000);
    const long = `<think>${"<".repeat(400_000)}`;
    expect(split([...long]).reasoning).toHaveLength(400_000);
  });
});

describe("a chat answer with reasoning in its text", () => {
  const target = targetOf({ provider: "host", dialect: "openai", quirks: { thinkTags: "tagged" } });
  type Loose = Record<string, unknown>;
  const chunk = (delta: Loose, finish: string | null = null) => ({
    data: { id: "c", choices: [{ index: 0, delta, finish_reason: finish }] },
  });
  const read = (...stream: { data: Loose }[]) =>
    readAnswer({ target, decoder: decodeChat }, { stream: [...stream, { data: "[DONE]" }] }, "stream");

  it("returns it as reasoning, in streams and in bodies", () => {
    const { events, reply } = read(
      chunk({ content: "<thi" }),
      chunk({ content: "nk>Hm.</think>\n4" }),
      chunk({}, "stop"),
    );
    expect(reply).toMatchObject({ reasoning: "Hm.\n", text: "4", finishReason: "stop" });
    expect(events.map(({ type }) => type)).toContain("reasoning-delta");
    const body = { choices: [{ index: 0, message: { content: "<think>Hm.</think>4" }, finish_reason: "stop" }] };
    expect(readAnswer({ target, decoder: decodeChat }, { stream: [], body }, "body").reply).toMatchObject({
      reasoning: "Hm.",
      text: "4",
    });
  });

  it("is unchanged when the reasoning has its own field", () => {
    const { reply } = read(chunk({ reasoning_content: "Hm." }), chunk({ content: "<think>4" }, "stop"));
    expect(reply).toMatchObject({ reasoning: "Hm.", text: "<think>4" });
  });

  it("is empty when it ends inside the reasoning, unless a tool call follows", () => {
    const open = chunk({ content: "<think>Hm" });
    expect(() => read(open, chunk({}, "stop"))).toThrow(expect.objectContaining({ code: "empty_response" }));
    expect(read(open, chunk({}, "length")).reply).toMatchObject({ reasoning: "Hm", text: "", finishReason: "length" });
    const call = chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }] }, "tool_calls");
    expect(read(open, call).reply).toMatchObject({ reasoning: "Hm", toolCalls: [{ name: "f" }] });
  });

  it("emits text that only started like a tag, even before a tool call", () => {
    expect(read(chunk({ content: " <th" }), chunk({}, "stop")).reply.text).toBe(" <th");
    const call = chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }] }, "tool_calls");
    const { events } = read(chunk({ content: "<" }), call);
    expect(events.findIndex(({ type }) => type === "text-delta")).toBeLessThan(
      events.findIndex(({ type }) => type === "tool-call-start"),
    );
  });
});
