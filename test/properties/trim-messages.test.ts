import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { estimateTokens } from "../../src/core/estimate.ts";
import { readInput } from "../../src/core/input.ts";
import type { Message } from "../../src/core/message.ts";
import { isModelError, ModelFactory, trimMessages } from "../../src/index.ts";
import { properHistory } from "../harness/histories.ts";
import { checkLegal, closeModels, modelOf, request, WAYS } from "../harness/legal-requests.ts";

afterAll(closeModels);

const user = (content: string): Message => ({ role: "user", content });
const said = (content: string): Message => ({ role: "assistant", content });
const asked = (id: string): Message => ({
  role: "assistant",
  content: [{ type: "tool-call", id, name: "f", arguments: {} }],
});
const answered = (id: string): Message => ({ role: "tool", content: [{ type: "tool-result", id, content: "ok" }] });

function trimmedOrError(messages: readonly Message[], maxTokens: number): readonly Message[] | undefined {
  try {
    return trimMessages(messages, { maxTokens });
  } catch (error) {
    expect(isModelError(error, "context_too_long"), String(error)).toBe(true);
    return undefined;
  }
}

describe.each(WAYS)("a trimmed history on the wire $wire", (way) => {
  const model = modelOf(way);

  test("fits, keeps the system messages and the newest message, and is valid", { timeout: 120_000 }, async () => {
    let trims = 0;
    await fc.assert(
      fc.asyncProperty(
        properHistory(way.wire, way.provider),
        fc.integer({ min: 5, max: 200 }),
        async (history, limit) => {
          const kept = trimmedOrError(history, limit);
          if (kept === undefined) {
            expect(estimateTokens(history)).toBeGreaterThan(limit);
            return;
          }
          const read = readInput(history);
          expect(estimateTokens(kept)).toBeLessThanOrEqual(limit);
          expect(readInput(kept)).toEqual(kept);
          expect(read.filter((message) => kept.some((one) => JSON.stringify(one) === JSON.stringify(message)))).toEqual(
            expect.arrayContaining(read.filter(({ role }) => role === "system")),
          );
          expect(kept.at(-1)).toEqual(read.at(-1));
          expect(kept.find(({ role }) => role !== "system")?.role).toBe("user");
          if (kept.length < read.length) trims += 1;
          const seen = await request(model, kept);
          if (isModelError(seen)) throw seen;
          checkLegal(way, seen);
        },
      ),
      { numRuns: 300 },
    );
    expect(trims).toBeGreaterThan(30);
  });
});

describe("trimMessages", () => {
  const long = "word ".repeat(100);
  const history = [
    { role: "system" as const, content: "Be brief." },
    user(`first ${long}`),
    said(long),
    user("second"),
    asked("a"),
    answered("a"),
    said("done"),
    user("third"),
  ];

  test("returns a history that fits unchanged", () => {
    expect(trimMessages(history, { maxTokens: 10_000 })).toEqual(history);
    expect(trimMessages("hi", { maxTokens: 100 })).toEqual([user("hi")]);
  });

  test("leaves out the oldest turns", () => {
    expect(trimMessages(history, { maxTokens: 100 })).toEqual([history[0], ...history.slice(3)]);
    expect(trimMessages(history, { maxTokens: 30 })).toEqual([history[0], history[7]]);
  });

  test("keeps the question of a long run of tools, and its newest steps", () => {
    const steps = ["a", "b", "c"].flatMap((id) => [asked(id), answered(id)]);
    const run = [user("old"), said("old"), user("question"), ...steps];
    const room = estimateTokens([user("question"), ...steps.slice(2)]);
    expect(trimMessages(run, { maxTokens: room })).toEqual([user("question"), ...steps.slice(2)]);
    expect(trimMessages(run, { maxTokens: room - 1 })).toEqual([user("question"), ...steps.slice(4)]);
  });

  test("reads messages in OpenAI's format", () => {
    const messages = [
      { role: "user" as const, content: long },
      {
        role: "assistant" as const,
        content: null,
        tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool" as const, tool_call_id: "a", content: "ok" },
      { role: "user" as const, content: "thanks" },
    ];
    expect(trimMessages(messages, { maxTokens: 20 })).toEqual([user("thanks")]);
  });

  test("names the tokens of what must stay if it does not fit", () => {
    expect(() => trimMessages(history, { maxTokens: 10 })).toThrow(
      /the system messages and the newest message have about \d+ tokens, the limit is 10/,
    );
  });

  test("uses the window of a model without its longest answer", async () => {
    const factory = ModelFactory.parse(
      `[models.m]\nname = "x"\nprovider = "simulator"\nsystem = "${"word ".repeat(20)}"\nmax_new_tokens = 100\ncapabilities = { context = 250 }\n[models.u]\nname = "x"\nprovider = "simulator"`,
      { env: {} },
    );
    const kept = trimMessages(history, { model: factory.get("m") });
    expect(kept).toEqual([history[0], ...history.slice(3)]);
    expect(() => trimMessages(history, { model: factory.get("u") })).toThrow(/context window of u is unknown/);
    await factory.close();
  });

  test("rejects options that say no limit", () => {
    expect(() => trimMessages(history, {})).toThrow(/set maxTokens or model/);
    expect(() => trimMessages(history, { maxTokens: 0 })).toThrow(/maxTokens must be a positive integer/);
    expect(() => trimMessages(history, { limit: 3 } as never)).toThrow(/unknown option "limit"/);
  });
});
