import { describe, expect, it } from "vitest";
import { adapt } from "../../src/core/adapt.ts";
import type { CallInput } from "../../src/core/call.ts";
import type { Dialect } from "../../src/core/dialect.ts";
import { isModelError, type ModelError } from "../../src/core/error.ts";
import type { UserMessage } from "../../src/core/message.ts";
import type { Settings } from "../../src/core/request.ts";
import { settingsSent, supportedParams } from "../../src/core/supported-settings.ts";
import type { Target } from "../../src/core/target.ts";
import { scripted } from "../../src/dialects/scripted/dialect.ts";
import { INPUT, targetOf } from "../harness/call-of.ts";
import { threadMs } from "../harness/thread-time.ts";

const all = scripted([]);

function adapted(input: Partial<CallInput> = {}, target: Partial<Target> = {}, policy = {}, dialect: Dialect = all) {
  const { request, adjustments } = adapt({ ...INPUT, ...input }, targetOf("main", target, policy), dialect);
  return { request, adjustments, settings: request.settings };
}

function refusal(run: () => unknown): ModelError {
  try {
    run();
  } catch (error) {
    if (isModelError(error)) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const lacking = (
  capabilities: Target["facts"]["capabilities"],
  more: Partial<Target["facts"]> = {},
): Partial<Target> => ({ facts: { known: true, capabilities, ...more } });
const may = (adaptation: Partial<Target["adaptation"]>) => ({
  dropParams: true,
  modifyParams: true,
  strict: false,
  drop: [],
  allow: [],
  clientFields: [],
  ...adaptation,
});
const tool = { name: "f", parameters: { type: "object" } };

describe("a request for a target", () => {
  it("uses call settings over entry settings over the host's defaults", () => {
    const { settings, adjustments } = adapted(
      { settings: { topP: 0.3, seed: undefined } },
      { settings: { topP: 0.2, seed: 7 }, quirks: { defaults: { topP: 0.9, temperature: 0.1 } } },
    );
    expect(settings).toEqual({ topP: 0.3, seed: 7, temperature: 0.1 });
    expect(adjustments).toEqual([]);
  });

  it("starts with the instructions and messages of the call, or of the entry", () => {
    const target: Partial<Target> = { system: "be brief", prelude: [{ role: "user", content: "before" }] };
    expect(adapted({}, target).request.messages.map(({ content }) => content)).toEqual(["be brief", "before", "hello"]);
    expect(adapted({ system: "be long", prelude: [] }, target).request.messages.map(({ content }) => content)).toEqual([
      "be long",
      "hello",
    ]);
  });

  it("merges the call's extra body over the entry's", () => {
    expect(adapted({ extraBody: { a: 2 } }, { extraBody: { a: 1, b: 1 } }).request.extraBody).toEqual({ a: 2, b: 1 });
  });

  it("shares neither settings nor extra body with a request with equal options", () => {
    const target = targetOf("main", { settings: { topP: 0.2 }, extraBody: { a: 1 } });
    const [first, second] = [adapt(INPUT, target, all).request, adapt(INPUT, target, all).request];
    expect(second).toEqual(first);
    Object.assign(first.settings, { topP: 0.9 });
    Object.assign(first.extraBody, { a: 2, b: 2 });
    for (const { settings, extraBody } of [second, adapt(INPUT, target, all).request]) {
      expect(settings).toEqual({ topP: 0.2 });
      expect(extraBody).toEqual({ a: 1 });
    }
  });

  it("contains only configured settings", () => {
    expect(adapted().request).toEqual({
      messages: INPUT.messages,
      settings: {},
      samples: 1,
      extraBody: {},
      extraHeaders: {},
    });
  });
});

describe("an unsupported setting", () => {
  const cases: readonly (readonly [string, Settings, Partial<Target>, Dialect, string])[] = [
    [
      "temperature",
      { temperature: 0.5 },
      lacking({ temperature: false }),
      all,
      "main-model does not support temperature",
    ],
    ["stop", { stop: ["x"] }, lacking({ stop: false }), all, "does not support stop"],
    ["tools", { tools: [tool] }, lacking({ tools: false }), all, "does not support tools"],
    ["tool_choice", { toolChoice: "auto" }, lacking({ tools: false }), all, "does not support tools"],
    ["reasoning_effort", { reasoningEffort: "high" }, lacking({ reasoning: false }), all, "does not support reasoning"],
    ["prompt_cache", { promptCache: true }, lacking({ promptCache: false }), all, "does not support prompt cache"],
    ["web_search", { webSearch: true }, lacking({ webSearch: false }), all, "does not support web search"],
    [
      "top_k",
      { topK: 5 },
      {},
      scripted([], { settings: new Set(["temperature"]) }),
      "the scripted wire has no such parameter",
    ],
    ["seed", { seed: 5 }, { quirks: { lacks: ["seed"] } }, all, "scripted does not support it"],
    ["top_p", { topP: 0.5 }, lacking({}, { lacks: ["topP"] }), all, "main-model does not support it"],
  ];

  it.each(cases)("%s is dropped and reported", (key, settings, target, dialect, reason) => {
    const result = adapted({ settings }, target, {}, dialect);
    expect(result.settings).toEqual({});
    expect(result.adjustments).toEqual([
      { setting: key, from: Object.values(settings)[0], to: undefined, reason: expect.stringContaining(reason) },
    ]);
  });

  it("a temperature is sent only without reasoning, if the model supports it only then", () => {
    const target = lacking({}, { lacksWithEffort: ["temperature"] });
    const sent = (reasoningEffort?: "none" | "low") =>
      adapted({ settings: { temperature: 0.5, ...(reasoningEffort && { reasoningEffort }) } }, target, {}, all);
    expect(sent().settings).toEqual({ temperature: 0.5 });
    expect(sent("none").settings).toEqual({ temperature: 0.5, reasoningEffort: "none" });
    expect(sent("low").settings).toEqual({ reasoningEffort: "low" });
    expect(sent("low").adjustments).toEqual([
      {
        setting: "temperature",
        from: 0.5,
        to: undefined,
        reason: expect.stringContaining('only with reasoning_effort = "none"'),
      },
    ]);
  });

  it("a temperature is dropped if the effort none becomes another one", () => {
    const target = lacking({}, { lacksWithEffort: ["temperature"], efforts: ["low", "high"] });
    const settings = { temperature: 0.5, reasoningEffort: "none" } as const;
    expect(adapted({ settings }, target, {}, all).settings).toEqual({ reasoningEffort: "low" });
    expect(adapted({ settings }, { ...target, adaptation: may({ allow: ["temperature"] }) }, {}, all).settings).toEqual(
      {
        temperature: 0.5,
        reasoningEffort: "low",
      },
    );
  });

  it("top_p is dropped next to a temperature, if the model takes only one of them", () => {
    const target = lacking({}, { oneSampler: true });
    expect(adapted({ settings: { topP: 0.5 } }, target, {}, all).settings).toEqual({ topP: 0.5 });
    const both = adapted({ settings: { topP: 0.5, temperature: 0.2 } }, target, {}, all);
    expect(both.settings).toEqual({ temperature: 0.2 });
    expect(both.adjustments.map(({ setting }) => setting)).toEqual(["top_p"]);
  });

  it("the top_p of a call drops the temperature of its entry, if the model takes only one of them", () => {
    const target = { ...lacking({}, { oneSampler: true }), settings: { temperature: 0.2 } };
    const { settings, adjustments } = adapted({ settings: { topP: 0.5 } }, target);
    expect(settings).toEqual({ topP: 0.5 });
    expect(adjustments).toMatchObject([{ setting: "temperature", from: 0.2, to: undefined }]);
    expect(settingsSent({ ...INPUT, settings: { topP: 0.5 } }, targetOf("main", target), all)).toEqual({ topP: 0.5 });
  });

  it.each(cases)("%s is unsupported with drop_params off, and under strict", (key, settings, target, dialect) => {
    for (const adaptation of [may({ dropParams: false }), may({ strict: true })]) {
      const error = refusal(() => adapted({ settings }, { ...target, adaptation }, {}, dialect));
      expect(error).toMatchObject({ code: "unsupported", model: "main", provider: "scripted" });
      expect(error.message).toContain(key);
    }
  });

  it.each([
    ["dropParams", false],
    ["strict", true],
  ] as const)("follows the call's %s", (name, value) => {
    expect(
      refusal(() =>
        adapted({ settings: { temperature: 1 }, adaptation: { [name]: value } }, lacking({ temperature: false })),
      ).code,
    ).toBe("unsupported");
  });

  it("is sent when support is unknown", () => {
    expect(adapted({ settings: { temperature: 1, tools: [tool], reasoningEffort: "high" } }).adjustments).toEqual([]);
  });

  it("is dropped silently when switched off", () => {
    expect(
      adapted(
        { settings: { promptCache: false, tools: [] } },
        { ...lacking({ promptCache: false, tools: false }), adaptation: may({ strict: true }) },
      ).adjustments,
    ).toEqual([]);
  });

  it("is sent when listed in `allow`", () => {
    const facts = adapted(
      { settings: { temperature: 1 } },
      { ...lacking({ temperature: false }), adaptation: may({ allow: ["temperature"] }) },
    );
    expect(facts.settings).toEqual({ temperature: 1 });
    const wire = adapted(
      { settings: { topK: 5 } },
      { adaptation: may({ allow: ["top_k"] }) },
      {},
      scripted([], { settings: new Set() }),
    );
    expect(wire.settings).toEqual({});
    expect(wire.request.extraBody).toEqual({ top_k: 5 });
  });

  it("is dropped when listed in `drop`, reported and never rejected", () => {
    const { settings, adjustments } = adapted(
      { settings: { temperature: 1, seed: 1 } },
      { adaptation: may({ strict: true, drop: ["seed"] }) },
    );
    expect(settings).toEqual({ temperature: 1 });
    expect(adjustments).toEqual([{ setting: "seed", from: 1, to: undefined, reason: "listed under `drop`" }]);
  });
});

describe("an unsupported value", () => {
  it("is clamped: max_new_tokens and temperature", () => {
    const { settings, adjustments } = adapted(
      { settings: { maxNewTokens: 9_000, temperature: 1.8 } },
      { facts: { known: true, capabilities: {}, maxOutput: 4_096 }, quirks: { maxTemperature: 1 } },
    );
    expect(settings).toEqual({ maxNewTokens: 4_096, temperature: 1 });
    expect(adjustments.map(({ setting, from, to }) => [setting, from, to])).toEqual([
      ["max_new_tokens", 9_000, 4_096],
      ["temperature", 1.8, 1],
    ]);
  });

  it.each([[{ modifyParams: false }], [{ strict: true }]])("is unsupported with %j", (adaptation) => {
    expect(
      refusal(() =>
        adapted(
          { settings: { maxNewTokens: 9_000 } },
          { facts: { known: true, capabilities: {}, maxOutput: 4_096 }, adaptation: may(adaptation) },
        ),
      ).message,
    ).toContain("max_new_tokens");
  });

  it("does not include prompts above max_input_tokens", () => {
    const words = (length: number) =>
      refusal(() =>
        adapted({ settings: { maxInputTokens: 10 }, messages: [{ role: "user", content: "a b ".repeat(length) }] }),
      ).message;
    expect(words(15)).toMatch(/the prompt has about \d+ tokens, max_input_tokens is 10/);
    expect(words(100)).toMatch(/the prompt has at least 50 tokens, max_input_tokens is 10/);
  });

  it("does not include stop sequences, because fewer would change the answer", () => {
    expect(refusal(() => adapted({ settings: { stop: ["a", "b", "c"] } }, { quirks: { maxStops: 2 } })).code).toBe(
      "unsupported",
    );
    expect(adapted({ settings: { stop: ["a", "b"] } }, { quirks: { maxStops: 2 } }).settings.stop).toEqual(["a", "b"]);
  });

  it.each([
    [0, "low"],
    [0.33, "low"],
    [0.34, "medium"],
    [0.66, "medium"],
    [0.67, "high"],
    [1, "high"],
  ] as const)("maps an effort of %d to %s", (number, word) => {
    const { settings, adjustments } = adapted(
      { settings: { reasoningEffort: number } },
      { adaptation: may({ strict: true }) },
    );
    expect(settings.reasoningEffort).toBe(word);
    expect(adjustments).toHaveLength(1);
  });

  it.each([
    ["xhigh", "high"],
    ["none", "low"],
    ["minimal", "low"],
    ["medium", "medium"],
  ] as const)("maps an unsupported effort %s to %s", (asked, given) => {
    const { settings, adjustments } = adapted(
      { settings: { reasoningEffort: asked } },
      { facts: { known: true, capabilities: {}, efforts: ["low", "medium", "high"] } },
    );
    expect(settings.reasoningEffort).toBe(given);
    expect(adjustments).toHaveLength(asked === given ? 0 : 1);
  });
});

describe("the messages", () => {
  it("replace lone surrogates, which is reported", () => {
    const { request, adjustments } = adapted({
      messages: [
        { role: "user", content: "a\ud83d" },
        { role: "assistant", content: [{ type: "text", text: "\ude00b" }] },
      ],
    });
    expect(JSON.stringify(request.messages)).not.toMatch(/\\ud83d|\\ude00/);
    expect(request.messages[0]?.content).toBe("a\u{FFFD}");
    expect(adjustments.map(({ setting }) => setting)).toEqual(["messages[0]", "messages[1]"]);
  });

  it("are rejected with a lone surrogate under strict", () => {
    expect(
      refusal(() =>
        adapted({ messages: [{ role: "user", content: "a\ud83d" }] }, { adaptation: may({ strict: true }) }),
      ).code,
    ).toBe("unsupported");
  });

  it("replace lone surrogates in the arguments of tool calls", () => {
    const call = { type: "tool-call", id: "a", name: "f", arguments: { "k\ud83d": ["b\ud83d", 1] } } as const;
    const { request, adjustments } = adapted({
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", content: [call] },
      ],
    });
    expect(request.messages[1]?.content).toEqual([{ ...call, arguments: { "k\u{FFFD}": ["b\u{FFFD}", 1] } }]);
    expect(adjustments.map(({ setting }) => setting)).toEqual(["messages[1]"]);
  });

  it("do not report a lone surrogate for arguments that JSON.stringify converts", () => {
    const content = [{ type: "tool-call", id: "a", name: "f", arguments: { at: new Date(0) } }] as const;
    const messages = [
      { role: "user", content: "x" },
      { role: "assistant", content },
    ] as const;
    const { request, adjustments } = adapted({ messages });
    expect([request.messages[1]?.content, adjustments]).toEqual([content, []]);
  });

  it("replace lone surrogates in tool results", () => {
    const { request } = adapted({
      messages: [
        { role: "user", content: "x" },
        {
          role: "tool",
          content: [
            { type: "tool-result", id: "a", content: "b\ud83d" },
            { type: "tool-result", id: "c", content: [{ type: "text", text: "\ud83d" }] },
          ],
        },
      ],
    });
    expect(JSON.stringify(request.messages)).not.toContain("\\ud83d");
  });

  it("are the same object when nothing changes", () => {
    expect(adapted().request.messages).toBe(INPUT.messages);
  });
});

describe("the size of a prompt", () => {
  const long = (characters: number): Partial<CallInput> => ({
    messages: [{ role: "user", content: "word ".repeat(characters / 5) }],
  });

  it("that cannot fit the context window is rejected before sending", () => {
    const error = refusal(() => adapted(long(10_000), { facts: { known: true, capabilities: {}, context: 1_000 } }));
    expect(error.code).toBe("context_too_long");
    expect(error.message).toContain("nothing was sent");
  });

  it("that may fit is left to the provider", () => {
    expect(adapted(long(7_000), { facts: { known: true, capabilities: {}, context: 1_000 } }).adjustments).toEqual([]);
  });

  it("above max_input_tokens is rejected", () => {
    expect(refusal(() => adapted({ ...long(1_000), settings: { maxInputTokens: 100 } })).code).toBe("context_too_long");
    expect(adapted({ ...long(1_000), settings: { maxInputTokens: 1_000 } }).settings.maxInputTokens).toBe(1_000);
  });

  it("above max_input_bytes is rejected, counting all content", () => {
    const refused = (content: UserMessage["content"], most: number) =>
      refusal(() => adapted({ messages: [{ role: "user", content }], maxInputBytes: most }));
    expect(refused("ä".repeat(50), 99)).toMatchObject({
      code: "request_too_large",
      message: expect.stringContaining("100 bytes"),
    });
    for (const part of [
      { type: "image", data: "A".repeat(100), mediaType: "image/png" },
      { type: "image", url: `data:image/png;base64,${"A".repeat(78)}` },
      { type: "file", data: "A".repeat(100), mediaType: "application/pdf" },
      { type: "text", text: "a".repeat(100) },
    ] as const) {
      expect(refused([part], 99).code).toBe("request_too_large");
      expect(adapted({ messages: [{ role: "user", content: [part] }], maxInputBytes: 100 }).adjustments).toEqual([]);
    }
  });

  it("is limited by max_input_bytes for an unknown context window", () => {
    const prompt = long(9 * 1024 * 1024);
    expect(refusal(() => adapted(prompt)).code).toBe("request_too_large");
    expect(adapted({ ...prompt, maxInputBytes: 10 * 1024 * 1024 }).adjustments).toEqual([]);
  });

  it.each([
    ["an unknown window", {}, {}, "request_too_large"],
    ["a known window", {}, { facts: { known: true, capabilities: {}, context: 200_000 } }, "context_too_long"],
    [
      "a limit of its own",
      { settings: { maxInputTokens: 1_000 } },
      { facts: { known: true, capabilities: {}, context: 2_000_000 } },
      "context_too_long",
    ],
  ] as const)("of ten megabytes is checked in less than 100 ms: %s", (_, input, target, code) => {
    const prompt = long(10 * 1024 * 1024);
    const before = threadMs();
    expect(refusal(() => adapted({ ...prompt, ...input }, target)).code).toBe(code);
    expect(threadMs() - before).toBeLessThan(100);
  });
});

describe("an unknown price", () => {
  it("is unsupported under strict_pricing, before anything is sent", () => {
    expect(refusal(() => adapted({}, {}, { strictPricing: true })).code).toBe("unsupported");
    expect(adapted({}, { price: () => ({ input: 1, output: 1 }) }, { strictPricing: true }).adjustments).toEqual([]);
  });
});

describe("the supported parameters", () => {
  it("are those of the wire that host and model support; null if unknown", () => {
    const dialect = scripted([], { settings: new Set(["temperature", "topP", "seed", "maxNewTokens"]) });
    const target = targetOf("main", { ...lacking({ temperature: false }), quirks: { lacks: ["seed"] } });
    expect(supportedParams(target, dialect)).toEqual(["top_p", "max_new_tokens"]);
    expect(supportedParams(targetOf(), dialect)).toBeNull();
    expect(supportedParams(target, all)).toBeNull();
  });
});
