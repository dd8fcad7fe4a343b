import { ModelFactory } from "modelwright";
import { type ScriptedAttempt, scripted } from "modelwright/testing";
import { describe, expect, it } from "vitest";

const EVERY_STEP: readonly ScriptedAttempt[] = [
  [{ delayMs: 0 }, { error: { code: "overloaded", message: "busy", retryAfterMs: 1, cause: new Error("x") } }],
  [
    { reasoning: "hm", sample: 0 },
    { text: "two words" },
    { delta: "!" },
    { toolCall: { name: "search", arguments: { query: "x" }, id: "call_1" } },
    { usage: { input: 1, output: 2, details: { cacheWrite1h: 1 } } },
    { events: [{ type: "refusal-delta", text: "no", sample: 0 }] },
    { finish: "tool-calls", raw: "tool_calls", sample: 0 },
  ],
];

describe("a scripted model", () => {
  it("plays every kind of step", async () => {
    const fake = scripted(EVERY_STEP, { name: "mine", manySamples: false });
    const toml = '[models.m]\nname = "m"\nprovider = "fake"\nretry_min_wait = 0\n';
    await using factory = ModelFactory.parse(toml, { providers: { fake }, env: {} });
    const { text, reasoning, toolCalls, usage, refusal } = await factory.create().codegen("Hi");
    expect([text, reasoning, toolCalls[0]?.name, usage.total, refusal]).toEqual([
      "two words!",
      "hm",
      "search",
      3,
      "no",
    ]);
    expect(fake.calls).toHaveLength(2);
  });

  it.each([
    ["hello", "the script must be an array with one item for each attempt"],
    [[{ text: "a" }], "attempt 1 must be a string or an array of steps"],
    [["a", [{ finish: "stop" }, { txt: "b" }]], 'attempt 2, step 2: unknown key "txt" (did you mean "text"?)'],
    [[["a"]], "attempt 1, step 1 must be an object with one of text, delta, reasoning, toolCall, usage, finish"],
    [[[{ text: 5 }]], "attempt 1, step 1: text must be a string, not 5"],
    [[[{ text: undefined }]], "attempt 1, step 1: text is missing"],
    [[[{ sample: 0 }]], "attempt 1, step 1 has none of text, delta"],
    [[[{ text: "a", finish: "stop" }]], "attempt 1, step 1 has text and finish: make a step of each"],
    [[[{ text: "a", raw: "b" }]], 'attempt 1, step 1: unknown key "raw"'],
    [[[{ finish: "end_turn" }]], 'attempt 1, step 1: finish: unknown value "end_turn"; known: stop, length'],
    [
      [[{ error: { code: "overload", message: "x" } }]],
      'error: code: unknown value "overload" (did you mean "overloaded"?)',
    ],
    [[[{ error: { code: "overloaded" } }]], "attempt 1, step 1: error: message is missing"],
    [[[{ error: "overloaded" }]], "attempt 1, step 1: error must be an object, not a string"],
    [[[{ toolCall: { arguments: {} } }]], "attempt 1, step 1: toolCall: name is missing"],
    [[[{ toolCall: { name: "a", args: {} } }]], 'toolCall: unknown key "args"'],
    [[[{ usage: { inputs: 3 } }]], 'usage: unknown key "inputs" (did you mean "input"?)'],
    [[[{ delayMs: "30s" }]], "delayMs must be a number of milliseconds from 0, not a string"],
    [[[{ hang: false }]], "hang must be true, not false"],
    [
      [[{ events: [{ type: "text" }] }]],
      "attempt 1, step 1: events must be an array of events, whose type is one of start",
    ],
  ])("rejects %j", (script, message) => {
    const making = () => scripted(script as unknown as readonly ScriptedAttempt[]);
    expect(making).toThrow(expect.objectContaining({ name: "ModelError", code: "invalid_request" }));
    expect(making).toThrow(message);
  });

  it("rejects options that a dialect does not have", () => {
    expect(() => scripted(["a"], { manySample: true } as object)).toThrow(
      'scripted: options: unknown key "manySample" (did you mean "manySamples"?)',
    );
  });
});
