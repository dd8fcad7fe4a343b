import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHistory } from "../../src/core/input.ts";
import type { Message } from "../../src/core/message.ts";
import { latestMessages } from "../../src/model/message-window.ts";

/** Turns of a question, some rounds of tools, and an answer; instructions anywhere between them. */
const turn = fc
  .record({ rounds: fc.nat(3), questions: fc.integer({ min: 1, max: 2 }), system: fc.boolean(), id: fc.nat() })
  .map(({ rounds, questions, system, id }): Message[] => [
    ...(system ? [{ role: "system", content: `instruction ${id % 5}` } as const] : []),
    ...Array.from({ length: questions }, (_, at) => ({ role: "user", content: `question ${id} ${at}` }) as const),
    ...Array.from({ length: rounds }, (_, at): Message[] => [
      { role: "assistant", content: [{ type: "tool-call", id: `${id}-${at}`, name: "f", arguments: {} }] },
      { role: "tool", content: [{ type: "tool-result", id: `${id}-${at}`, content: "ok" }] },
    ]).flat(),
    { role: "assistant", content: `answer ${id}` },
  ]);
const history = fc.array(turn, { maxLength: 8 }).map((turns) => turns.flat());
const said = (messages: readonly Message[]) => messages.filter(({ role }) => role !== "system");
const instructions = (messages: readonly Message[]) =>
  new Set(messages.filter(({ role }) => role === "system").map(({ content }) => content));

describe("the latest messages", () => {
  it("are a valid history: no result without its call, starting with a user message", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 12 }), (messages, most) => {
        const kept = latestMessages(messages, most);
        expect(readHistory(kept)).toEqual(kept);
        expect(said(kept)[0]?.role).toBe(messages.length === 0 ? undefined : "user");
      }),
    );
  });

  it("are the end of the history, within the limit unless the last turn is longer", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 12 }), (messages, most) => {
        const kept = said(latestMessages(messages, most));
        expect(kept).toEqual(said(messages).slice(said(messages).length - kept.length));
        const questions = kept.filter(({ role }, at) => role === "user" && kept[at - 1]?.role !== "user");
        if (kept.length > most) expect(questions).toHaveLength(1);
      }),
    );
  });

  it("are as many turns as fit", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 12 }), (messages, most) => {
        const all = said(messages);
        const kept = said(latestMessages(messages, most));
        if (kept.length === all.length) return;
        const before = all.slice(0, all.length - kept.length);
        const start = before.findLastIndex(({ role }, at) => role === "user" && before[at - 1]?.role !== "user");
        expect(all.length - start).toBeGreaterThan(most);
      }),
    );
  });

  it("include all instructions, once and in order", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 12 }), (messages, most) => {
        const kept = latestMessages(messages, most);
        expect(instructions(kept)).toEqual(instructions(messages));
        expect(kept.filter(({ role }) => role === "system")).toHaveLength(instructions(messages).size);
        expect(latestMessages(kept, most)).toEqual(kept);
      }),
    );
  });
});
