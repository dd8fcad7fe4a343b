import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../../src/core/event.ts";
import { decodeChat } from "../../../src/dialects/openai/chat-decode.ts";
import { threadMs } from "../../harness/thread-time.ts";
import { readAnswer, requestOf, targetOf } from "../contract.ts";

const target = targetOf({ provider: "host", dialect: "openai" });
const contract = { target, decoder: decodeChat };

type Loose = Record<string, unknown>;

function chunk(delta: Loose, finish: string | null = null, more: Loose = {}): Loose {
  return { id: "c", choices: [{ index: 0, delta, finish_reason: finish }], ...more };
}

function calls(...fragments: Loose[]): Loose {
  return chunk({ tool_calls: fragments });
}

function read(...events: readonly (Loose | string)[]) {
  return readAnswer(contract, { stream: events.map((data) => ({ data })) }, "stream");
}

function readSamples(samples: number, ...events: readonly (Loose | string)[]) {
  const decoder = () => decodeChat(target, true, requestOf({ samples }));
  return readAnswer({ target, decoder }, { stream: events.map((data) => ({ data })) }, "stream");
}

function readChoices(form: "stream" | "body", ...choices: readonly Loose[]) {
  const said = (key: string) => choices.map(({ said, ...choice }) => ({ ...choice, [key]: said }));
  const stream = said("delta").map((choice) => ({ data: { id: "c", choices: [choice] } }));
  const answer = { stream: [...stream, { data: DONE }], body: { id: "c", choices: said("message") } };
  return readAnswer(contract, answer, form);
}

function readBody(message: Loose, finish: string | null = "stop", more: Loose = {}) {
  return readAnswer(
    contract,
    { stream: [], body: { id: "c", choices: [{ index: 0, message, finish_reason: finish }], ...more } },
    "body",
  );
}

const DONE = "[DONE]";
const SECOND = { index: 1, delta: { content: "B" }, finish_reason: "stop" };
const END = chunk({}, "tool_calls");
const fn = (name: string | undefined, json: string) => ({
  function: { ...(name !== undefined && { name }), arguments: json },
});

describe("the end of a chat stream", () => {
  it("is a finish reason, even without [DONE]", () => {
    expect(read(chunk({ content: "hi" }, "stop")).reply).toMatchObject({ text: "hi", finishReason: "stop" });
  });

  it("is [DONE], even without a finish reason, which is then reported as unknown", () => {
    const { reply } = read(chunk({ content: "hi" }), DONE);
    expect(reply).toMatchObject({ text: "hi", finishReason: "unknown", rawFinishReason: undefined });
    expect(reply.adjustments).toMatchObject([{ setting: "finish_reason", to: "unknown" }]);
  });

  it("is not implied by the connection closing", () => {
    expect(() => read(chunk({ content: "hi" }))).toThrow(expect.objectContaining({ code: "stream_truncated" }));
    expect(() => read(chunk({ content: "hi" }, ""))).toThrow(expect.objectContaining({ code: "stream_truncated" }));
  });

  it("is missing when one of several choices has no finish reason, even after [DONE]", () => {
    const both = [
      { id: "c", choices: [{ index: 1, delta: { content: "B" }, finish_reason: "stop" }] },
      { id: "c", choices: [{ index: 0, delta: { content: "A" } }] },
    ];
    expect(() => read(...both, DONE)).toThrow(/choice 0/);
  });

  it.each([
    ["the end of the input", undefined],
    ["[DONE]", DONE],
  ])("delivers buffered text once when %s comes too early", (_, last) => {
    const decoder = decodeChat(target);
    const out: FlowEvent[] = [];
    const held = { index: 1, delta: { content: "x" }, finish_reason: null };
    const choices =
      last === undefined
        ? [held]
        : [
            { index: 0, delta: { content: "y" } },
            { ...held, finish_reason: "stop" },
          ];
    for (const choice of choices) decoder.push(JSON.stringify({ id: "c", choices: [choice] }), undefined, out);
    const end = () => (last === undefined ? decoder.end(out) : decoder.push(last, undefined, out));
    const truncated = expect.objectContaining({ code: "stream_truncated" });
    expect(end).toThrow(truncated);
    const before = [...out];
    expect(before.filter(({ type }) => type === "text-delta")).not.toHaveLength(0);
    expect(() => decoder.end(out)).toThrow(truncated);
    expect(out).toEqual(before);
  });

  it("causes later events to be ignored", () => {
    const decoder = decodeChat(target);
    const out: FlowEvent[] = [];
    decoder.push(JSON.stringify(chunk({ content: "hi" }, "stop")), undefined, out);
    decoder.push(" [DONE] ", undefined, out);
    const before = out.length;
    decoder.push(JSON.stringify(chunk({ content: "more" })), undefined, out);
    decoder.end(out);
    expect(decoder.done).toBe(true);
    expect(out).toHaveLength(before);
  });
});

describe("a finish reason", () => {
  const more = chunk({ content: " there" });

  it("does not end the answer when it first arrives with or before the first text", () => {
    const every = [chunk({ content: "hi" }, "stop"), chunk({ content: " there" }, "stop"), DONE];
    expect(read(...every).reply).toMatchObject({ text: "hi there", finishReason: "stop" });
    const before = [chunk({ role: "assistant" }, "stop"), chunk({ content: "hi" }), more, DONE];
    expect(read(...before).reply.text).toBe("hi there");
    const thought = [chunk({ reasoning: "Hm" }, "stop"), chunk({ content: "hi" }, "stop"), more, DONE];
    expect(read(...thought).reply.text).toBe("hi there");
  });

  it.each([
    ["text", more],
    ["a tool call", calls({ index: 0, id: "a", ...fn("f", "{}") })],
    ["reasoning", chunk({ reasoning_content: "Hm" })],
    ["a refusal", chunk({ refusal: "No." })],
  ])("that first arrives after the first text ends the answer: %s after it is a protocol error", (_, after) => {
    const ended = [chunk({ content: "hi" }), chunk({}, "stop")];
    expect(() => read(...ended, after, DONE)).toThrow(expect.objectContaining({ code: "protocol_error" }));
    expect(read(...ended, chunk({ content: "" }), DONE, after).reply.text).toBe("hi");
  });

  it.each([
    ["an empty content array", { content: [] }],
    ["an empty text part", { content: [{ type: "text", text: "" }] }],
    ["an empty thinking part", { content: [{ type: "thinking", thinking: [{ type: "text", text: "" }] }] }],
    ["an empty call", { tool_calls: [{}] }],
    ["a call with empty arguments", { tool_calls: [{ index: 0, function: { arguments: "" } }] }],
    ["an empty function_call", { function_call: { name: "", arguments: "" } }],
  ])("may be followed by an empty delta: %s", (_, empty) => {
    const text = read(chunk({ content: "hi" }), chunk({}, "stop"), chunk(empty), DONE).reply;
    expect(text).toMatchObject({ text: "hi", toolCalls: [], finishReason: "stop" });
    const call = calls({ index: 0, id: "a", ...fn("f", '{"x":1}') });
    expect(read(call, END, chunk(empty), DONE).reply.toolCalls).toMatchObject([{ id: "a", arguments: { x: 1 } }]);
  });

  it("must not be followed by a non-empty content part", () => {
    const parts = [
      { type: "text", text: "" },
      { type: "thinking", thinking: [{ type: "text", text: "Hm" }] },
    ];
    const events = [chunk({ content: "hi" }), chunk({}, "stop"), chunk({ content: parts }), DONE];
    expect(() => read(...events)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  it("must not be followed by a different call", () => {
    const call = (id: string | undefined, name: string, json: string, index = 0) =>
      calls({ index, ...(id !== undefined && { id }), ...fn(name, json) });
    for (const other of [
      call("b", "f", '{"x":1}'),
      call("a", "g", '{"x":1}'),
      call("a", "f", '{"x":2}'),
      call("a", "f", '{"x":1}', 1),
      call(undefined, "f", '{"x":2}'),
      call(undefined, "g", '{"x":1}'),
      call(undefined, "f", '{"x":1}', 1),
    ]) {
      const events = [call("a", "f", '{"x":1}'), END, other, END, DONE];
      expect(() => read(...events)).toThrow(expect.objectContaining({ code: "protocol_error" }));
    }
  });

  it.each<[string, Loose, Loose]>([
    ["the same id", { index: 0, id: "a" }, { index: 0, id: "a" }],
    ["the same index and no id", { index: 0, id: "a" }, { index: 0 }],
    ["the same index and no id in either call", { index: 0 }, { index: 0 }],
    ["neither an id nor an index", {}, {}],
  ])("may be followed by a repeat of an earlier call: %s", (_, first, next) => {
    const call = (head: Loose, json: string) => calls({ ...head, ...fn("f", json) });
    for (const [json, again] of [
      ['{"x":1}', '{"x":1}'],
      ['{"x":1}', '{ "x": 1 }'],
      ["{}", "{}"],
    ] as const) {
      const { reply } = read(chunk({ content: "hi" }), call(first, json), END, call(next, again), END, DONE);
      expect(reply.toolCalls).toMatchObject([{ name: "f", arguments: JSON.parse(json) }]);
      const samples = readSamples(2, call(first, json), END, call(next, again), { id: "c", choices: [SECOND] }, DONE);
      expect(samples.reply.samples?.[0]?.toolCalls).toMatchObject([{ arguments: JSON.parse(json) }]);
    }
  });

  it("completes the answer of a broken connection only if it first arrived after the first text", () => {
    const ends = (samples: number, ...events: readonly Loose[]) => {
      const decoder = decodeChat(target, true, requestOf({ samples }));
      const out: FlowEvent[] = [];
      for (const event of events) decoder.push(JSON.stringify(event), undefined, out);
      return () => decoder.end(out, true);
    };
    const truncated = expect.objectContaining({ code: "stream_truncated" });
    const call = calls({ index: 0, id: "a", ...fn("f", "{}") });
    for (const samples of [1, 2]) {
      expect(ends(samples, chunk({ content: "hi" }), chunk({}, "stop"))).not.toThrow();
      expect(ends(samples, chunk({ content: "hi" }), chunk({ content: " you" }, "stop"))).not.toThrow();
      expect(ends(samples, call, END)).not.toThrow();
      expect(ends(samples, chunk({ content: "hi" }, "stop"))).toThrow(truncated);
      expect(ends(samples, chunk({ content: "hi" }, "stop"), chunk({}, "stop"))).toThrow(truncated);
      expect(ends(samples, chunk({ role: "assistant" }, "stop"), chunk({ content: "hi" }))).toThrow(truncated);
    }
    const beside = (index: number, delta: Loose) => ({ id: "c", choices: [{ index, delta, finish_reason: "stop" }] });
    expect(ends(1, chunk({ content: "hi" }), beside(1, {}))).toThrow(truncated);
  });
});

describe.each(["stream", "body"] as const)("the choices of a %s", (form) => {
  const call = { tool_calls: [{ id: "a", function: { name: "f", arguments: '{"x":1}' } }] };

  it.each([1, -1, 0.5, 1e9, "0"])("are the answer when there is only one, whatever its index (%s)", (index) => {
    const { reply } = readChoices(form, { index, said: { content: "hi" }, finish_reason: "stop" });
    expect(reply).toMatchObject({ text: "hi", finishReason: "stop" });
    expect(reply.samples).toBeUndefined();
  });

  it("are merged into one answer when text and tool calls are in separate choices", () => {
    for (const [first, second] of [
      [{ content: "see" }, call],
      [call, { content: "see" }],
    ]) {
      const { reply } = readChoices(
        form,
        { index: 0, said: first, finish_reason: "tool_calls" },
        { index: 1, said: second, finish_reason: "tool_calls" },
      );
      expect(reply).toMatchObject({ text: "see", toolCalls: [{ arguments: { x: 1 } }], finishReason: "tool-calls" });
      expect(reply.adjustments).toEqual([]);
    }
  });

  it("are merged into one answer when each choice numbers its tool calls from 0", () => {
    const other = { tool_calls: [{ index: 0, id: "b", function: { name: "g", arguments: "{}" } }] };
    const { reply } = readChoices(
      form,
      { index: 0, said: { tool_calls: [{ index: 0, ...call.tool_calls[0] }] }, finish_reason: "tool_calls" },
      { index: 1, said: other, finish_reason: "tool_calls" },
    );
    expect(reply.toolCalls.map(({ id, name }) => [id, name])).toEqual([
      ["a", "f"],
      ["b", "g"],
    ]);
  });

  it("are ended by a stop in another choice", () => {
    const { reply } = readChoices(
      form,
      { index: 0, said: call, finish_reason: null },
      { index: 1, said: {}, finish_reason: "stop" },
    );
    expect(reply).toMatchObject({ toolCalls: [{ name: "f" }], finishReason: "tool-calls" });
  });

  it("yield the one with the lowest index when several have text, and report the others", () => {
    const { reply } = readChoices(
      form,
      { index: 2, said: { content: "two" }, finish_reason: "stop" },
      { index: 0, said: { content: "zero" }, finish_reason: "stop" },
      { index: 1, said: { content: "one" }, finish_reason: "stop" },
    );
    expect(reply.text).toBe("zero");
    expect(reply.samples).toBeUndefined();
    expect(reply.adjustments).toMatchObject([{ setting: "choices", from: [0, 1, 2], to: 0 }]);
  });
});

describe("the index of the only choice in a chunk", () => {
  it("that increases with every chunk means several answers, so the stream is truncated", () => {
    const events = ["Hel", "lo ", "you"].map((content, index) => {
      return { id: "c", choices: [{ index, delta: { content }, finish_reason: index === 2 ? "stop" : null }] };
    });
    const decoder = decodeChat(target);
    const out: FlowEvent[] = [];
    for (const event of events) decoder.push(JSON.stringify(event), undefined, out);
    expect(() => decoder.push(DONE, undefined, out)).toThrow(
      expect.objectContaining({ code: "stream_truncated", message: expect.stringContaining("choice 0") }),
    );
    expect(out.filter(({ type }) => type === "text-delta" || type === "finish")).toMatchObject([{ text: "Hel" }]);
  });

  it("may be a string or a number", () => {
    const first = { id: "c", choices: [{ index: "0", delta: { content: "x" } }] };
    expect(read(first, chunk({ content: "y" }, "stop")).reply).toMatchObject({ text: "xy", finishReason: "stop" });
    const [one, last] = ["1", 1].map((index) => ({ index, delta: { content: "x" }, finish_reason: null }));
    const events = [{ choices: [one] }, { choices: [{ ...last, finish_reason: "stop" }] }];
    expect(read(...events).reply.text).toBe("xx");
  });
});

describe("the index of a requested sample", () => {
  it.each([2, -1, 0.5, "0", null, undefined])("must be an integer below the number of samples, not %s", (index) => {
    const event = { id: "c", choices: [{ index, delta: { content: "hi" }, finish_reason: "stop" }] };
    expect(() => readSamples(2, event, DONE)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });
});

describe("arguments of a streamed call", () => {
  const argumentsOf = (...pieces: unknown[]) => {
    const events = pieces.map((json, at) =>
      calls({ index: 0, ...(at === 0 && { id: "a" }), function: { ...(at === 0 && { name: "f" }), arguments: json } }),
    );
    return read(...events, END, DONE).reply.toolCalls.map((call) => call.arguments);
  };

  it.each([
    ["start with {}", ["{}", '{"x":', "1}"]],
    ["start with an empty object", [{}, { x: 1 }]],
    ["start with null", [null, '{"x":1}']],
    ["are cumulative snapshots", ['{"x"', '{"x":', '{"x":1}']],
    ["are repeated at the end", ['{"x":', "1}", '{"x":1}']],
  ])("are parsed as one object when they %s", (_, pieces) => {
    expect(argumentsOf(...pieces)).toEqual([{ x: 1 }]);
  });

  it.each(["[1]", '"text"', "5"])("are rejected when they are not an object: %s", (json) => {
    expect(() => argumentsOf(json)).toThrow(expect.objectContaining({ code: "invalid_tool_call" }));
  });
});

describe("calls of custom tools", () => {
  it("have the kind custom and the input as an argument, in streams and bodies", () => {
    const custom = (input: string, head = {}) => calls({ index: 0, ...head, custom: { ...head, input } });
    const { reply, events } = read(
      custom('SELECT "', { id: "a", name: "sql", type: "custom" }),
      custom('a"'),
      END,
      DONE,
    );
    const expected = { kind: "custom", id: "a", name: "sql", arguments: { input: 'SELECT "a"' } };
    expect(reply.toolCalls).toMatchObject([expected]);
    const json = events.map((event) => (event.type === "tool-call-delta" ? event.json : "")).join("");
    expect(JSON.parse(json)).toEqual(expected.arguments);
    const body = { tool_calls: [{ id: "a", type: "custom", custom: { name: "sql", input: 'SELECT "a"' } }] };
    const whole = readBody(body, "tool_calls").reply;
    expect(whole.toolCalls).toMatchObject([expected]);
    expect(whole.message.content).toMatchObject([{ type: "tool-call", kind: "custom" }]);
  });
});

describe("usage of a chat stream", () => {
  const usage = (output: number) => ({
    usage: { prompt_tokens: 3, completion_tokens: output, total_tokens: 3 + output },
  });

  it("is the last one reported, emitted once before the finish", () => {
    const { events, reply } = read(chunk({ content: "hi" }, null, usage(1)), chunk({}, "stop", usage(2)), DONE);
    expect(reply.usage).toMatchObject({ input: 3, output: 2, total: 5 });
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["usage", "finish"]);
  });

  it.each([
    ["the chunk", { usage: { prompt_tokens: 3, completion_tokens: 2 } }],
    ["Groq's x_groq field", { x_groq: { usage: { prompt_tokens: 3, completion_tokens: 2 } } }],
    [
      "the choice",
      { choices: [{ index: 0, delta: {}, finish_reason: "stop", usage: { prompt_tokens: 3, completion_tokens: 2 } }] },
    ],
  ])("is read from %s", (_, more) => {
    expect(read(chunk({ content: "hi" }, "stop"), { id: "c", choices: [], ...more }, DONE).reply.usage).toMatchObject({
      input: 3,
      output: 2,
    });
  });

  it("is not emitted when it is missing or all zeros", () => {
    for (const told of [undefined, null, {}, { prompt_tokens: 0, completion_tokens: 0 }]) {
      const { events } = read(chunk({ content: "hi" }, "stop", { usage: told }), DONE);
      expect(events.some(({ type }) => type === "usage")).toBe(false);
    }
  });

  it("includes reasoning tokens that the host counts only in the total", () => {
    const told = {
      prompt_tokens: 12,
      completion_tokens: 1,
      total_tokens: 303,
      completion_tokens_details: { reasoning_tokens: 290 },
    };
    expect(readBody({ content: "x" }, "stop", { usage: told }).reply.usage).toMatchObject({
      output: 291,
      reasoning: 290,
      total: 303,
    });
  });

  it("reads cached tokens from every known field", () => {
    const read = (more: Loose) =>
      readBody({ content: "x" }, "stop", { usage: { prompt_tokens: 10, completion_tokens: 1, ...more } }).reply.usage;
    for (const told of [
      { prompt_tokens_details: { cached_tokens: 4 } },
      { cached_tokens: 4 },
      { prompt_cache_hit_tokens: 4 },
    ]) {
      expect(read(told)).toMatchObject({ input: 6, cacheRead: 4 });
    }
    expect(read({ prompt_tokens_details: { cached_tokens: 40 } })).toMatchObject({ input: 10, cacheRead: 40 });
  });

  it("is consistent and never negative for arbitrary values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (first, second, third) => {
        const told = {
          prompt_tokens: first,
          completion_tokens: second,
          total_tokens: third,
          prompt_tokens_details: first,
          completion_tokens_details: { reasoning_tokens: third },
        };
        const { usage } = readBody({ content: "x" }, "stop", { usage: told }).reply;
        expect(usage.total).toBe(usage.input + usage.cacheRead + usage.cacheWrite + usage.output);
        expect(Object.values(usage).every((value) => typeof value !== "number" || value >= 0)).toBe(true);
      }),
    );
  });
});

describe("tool calls of a chat stream", () => {
  const callsOf = (...events: (Loose | string)[]) =>
    read(...events, END, DONE).reply.toolCalls.map(({ id, name, json }) => [id, name, json]);

  it("are separated by index when interleaved", () => {
    const events = [calls({ index: 0, id: "A", ...fn("ta", "") }), calls({ index: 1, id: "B", ...fn("tb", "") })];
    const more = [
      calls({ index: 1, ...fn(undefined, '{"t":"B"}') }),
      calls({ index: 0, ...fn(undefined, '{"t":"A"}') }),
    ];
    expect(callsOf(...events, ...more)).toEqual([
      ["A", "ta", '{"t":"A"}'],
      ["B", "tb", '{"t":"B"}'],
    ]);
  });

  it("are separated by id when they share an index", () => {
    const events = [
      calls({ index: 0, id: "a", ...fn("f", '{"p":"a"}') }),
      calls({ index: 0, id: "b", ...fn("f", '{"p":"b"}') }),
    ];
    expect(callsOf(...events)).toEqual([
      ["a", "f", '{"p":"a"}'],
      ["b", "f", '{"p":"b"}'],
    ]);
  });

  it("are separated when complete calls without ids share an index", () => {
    const events = [
      calls({ index: 0, ...fn("f", '{"p":1}') }),
      calls({ index: 0, ...fn("f", '{"p":2}') }),
      calls({ index: 0, ...fn("g", "") }),
    ];
    const found = callsOf(...events);
    expect(found.map(([, name, json]) => [name, json])).toEqual([
      ["f", '{"p":1}'],
      ["f", '{"p":2}'],
      ["g", "{}"],
    ]);
    expect(new Set(found.map(([id]) => id)).size).toBe(3);
  });

  it("are separated by name when they share an id, and the second gets a new id", () => {
    for (const [first, second, marks] of [
      ['{"x":1}', '{"y":2}', [{ index: 0 }, { index: 0 }]],
      ['{"x":1}', '{"y":2}', [{}, {}]],
      ['{"x":1}', '{"y":2}', [{ index: 0 }, { index: 1 }]],
      ["{}", "{}", [{ index: 0 }, { index: 0 }]],
      ["", "", [{ index: 0 }, { index: 0 }]],
    ] as const) {
      const [one, other] = marks;
      const events = [calls({ ...one, id: "a", ...fn("f", first) }), calls({ ...other, id: "a", ...fn("g", second) })];
      const { toolCalls, adjustments } = read(...events, END, DONE).reply;
      expect(toolCalls.map(({ name, json }) => [name, json])).toEqual([
        ["f", first || "{}"],
        ["g", second || "{}"],
      ]);
      expect(toolCalls[0]?.id).toBe("a");
      expect(toolCalls[1]?.id).not.toBe("a");
      expect(adjustments).toMatchObject([{ setting: "tools", from: { id: "a" } }]);
    }
  });

  it("are rejected when the name changes in the middle of the arguments", () => {
    for (const id of ["a", undefined]) {
      const events = [calls({ index: 0, id, ...fn("f", '{"x":') }), calls({ index: 0, id, ...fn("g", "1}") })];
      expect(() => callsOf(...events)).toThrow(expect.objectContaining({ code: "invalid_tool_call" }));
    }
  });

  it.each(["", "{}"])("are separated when calls without ids and arguments share an index: %j", (json) => {
    const call = { index: 0, ...fn("f", json) };
    for (const events of [
      [calls(call, call), calls({ index: 0, ...fn("g", "") })],
      [calls(call), calls(call), calls({ index: 0, ...fn("g", "") })],
    ]) {
      const found = callsOf(...events);
      expect(found.map(([, name, text]) => [name, text])).toEqual([
        ["f", "{}"],
        ["f", "{}"],
        ["g", "{}"],
      ]);
      expect(new Set(found.map(([id]) => id)).size).toBe(3);
      expect(callsOf(...events.slice(0, -1))).toHaveLength(2);
    }
  });

  it("are separated within one chunk when calls without ids share index, name and arguments", () => {
    const call = { index: 0, ...fn("roll", '{"sides":6}') };
    expect(callsOf(calls(call, call)).map(([, name, json]) => [name, json])).toEqual([
      ["roll", '{"sides":6}'],
      ["roll", '{"sides":6}'],
    ]);
  });

  it("are not split when the name and empty arguments are sent twice before the rest", () => {
    for (const json of ["", "{}"]) {
      const head = calls({ index: 0, ...fn("f", json) });
      const found = callsOf(
        head,
        head,
        calls({ index: 0, ...fn("f", '{"x"') }),
        calls({ index: 0, ...fn("f", ":1}") }),
      );
      expect(found.map(([, name, text]) => [name, text])).toEqual([["f", '{"x":1}']]);
    }
    const head = calls({ index: 0, id: "a", ...fn("f", "{}") });
    expect(callsOf(head, head, calls({ index: 0, ...fn("f", "{}") }))).toEqual([["a", "f", "{}"]]);
  });

  it("continue under a new index without an id when only one call is open, which is reported once", () => {
    const pieces = ['"x"', ":", "1", "}"].map((json, at) => calls({ index: at + 1, ...fn(undefined, json) }));
    const { reply } = read(calls({ index: 0, id: "a", ...fn("f", "{") }), ...pieces, END, DONE);
    expect(reply.toolCalls).toMatchObject([{ id: "a", arguments: { x: 1 } }]);
    expect(reply.adjustments).toHaveLength(1);
  });

  it.each<[string, (at: number) => Loose[]]>([
    ["with ids", (at) => [{ index: at, id: `id${at}`, ...fn("f", '{"x":1}') }]],
    ["with one id", (at) => [{ index: at, id: "a", ...fn("f", '{"x":1}') }]],
    ["without ids under one index", (at) => [{ index: 0, ...fn("f", `{"x":${at}}`) }]],
    ["without indexes", (at) => [{ id: `id${at}`, ...fn("f", '{"x":') }, { ...fn(undefined, "1}") }]],
    [
      "with the rest of each under a new index",
      (at) => [
        { index: 2 * at, id: `id${at}`, ...fn("f", '{"x":') },
        { index: 2 * at + 1, ...fn(undefined, "1}") },
      ],
    ],
  ])("are read in linear time: 20,000 %s", (_, fragments) => {
    const decoder = decodeChat(target);
    const out: FlowEvent[] = [];
    const before = threadMs();
    for (let at = 0; at < 20_000; at++)
      for (const fragment of fragments(at)) decoder.push(JSON.stringify(calls(fragment)), undefined, out);
    decoder.push(JSON.stringify(END), undefined, out);
    decoder.push(DONE, undefined, out);
    expect(threadMs() - before).toBeLessThan(2_000);
    expect(out.filter(({ type }) => type === "tool-call-end")).toHaveLength(20_000);
  });

  it("are rejected when a fragment matches none of several open calls", () => {
    const open = [calls({ index: 0, id: "a", ...fn("f", '{"x":') }), calls({ index: 1, id: "b", ...fn("f", '{"x":') })];
    expect(() => callsOf(...open, calls({ index: 7, ...fn(undefined, "1}") }))).toThrow(
      expect.objectContaining({ code: "invalid_tool_call" }),
    );
  });

  it("are not split when the host repeats, empties or changes the id", () => {
    for (const id of ["a", "", undefined, "other"]) {
      const events = [calls({ index: 0, id: "a", ...fn("f", '{"x"') }), calls({ index: 0, id, ...fn("", ":1}") })];
      expect(callsOf(...events)).toEqual([["a", "f", '{"x":1}']]);
    }
  });

  it("are not split when the host repeats the name in every fragment", () => {
    const pieces = ['{"x"', ':"', "{", '"}'];
    const whole = [["f", '{"x":"{"}']];
    const each = (of: (at: number) => Loose) =>
      callsOf(...pieces.map((json, at) => calls({ ...of(at), ...fn("f", json) }))).map(([, name, json]) => [
        name,
        json,
      ]);
    expect(each(() => ({ index: 0 }))).toEqual(whole);
    expect(each(() => ({ index: 0, id: "a" }))).toEqual(whole);
    const simple = ['{"x"', ":1", "}"];
    for (const of of [() => ({}), (at: number) => ({ index: 0, id: `id${at}` })] as const)
      expect(
        callsOf(...simple.map((json, at) => calls({ ...of(at), ...fn("f", json) }))).map(([, name, json]) => [
          name,
          json,
        ]),
      ).toEqual([["f", '{"x":1}']]);
  });

  it("are not split when only the first fragment has an id or an index", () => {
    const [id, index] = [{ id: "a" }, { index: 0 }];
    for (const [first, next] of [
      [id, index],
      [index, {}],
      [id, {}],
      [{ ...id, ...index }, {}],
      [
        { id: null, ...index },
        { id: null, index: null },
      ],
    ] as const) {
      const events = [calls({ ...first, ...fn("f", '{"x"') }), calls({ ...next, ...fn(undefined, ":1}") })];
      expect(callsOf(...events).map(([, name, json]) => [name, json])).toEqual([["f", '{"x":1}']]);
    }
  });

  it("are separated by position when the first fragments have ids and the others have indexes", () => {
    const events = [
      calls({ id: "a", ...fn("f", "") }, { id: "b", ...fn("g", "") }),
      calls({ index: 1, ...fn(undefined, '{"y":2}') }, { index: 0, ...fn(undefined, '{"x":1}') }),
    ];
    expect(callsOf(...events)).toEqual([
      ["a", "f", '{"x":1}'],
      ["b", "g", '{"y":2}'],
    ]);
  });

  it("ignore an empty fragment under a new index", () => {
    const events = [calls({ index: 0, id: "a", ...fn("f", "{}") }), calls({ index: 1, ...fn(undefined, "") })];
    expect(callsOf(...events)).toEqual([["a", "f", "{}"]]);
  });

  it("have empty arguments when the field is null, absent or empty", () => {
    for (const details of [{ name: "f" }, { name: "f", arguments: null }, { name: "f", arguments: "" }])
      expect(callsOf(calls({ index: 0, id: "a", function: details }))).toEqual([["a", "f", "{}"]]);
  });

  it("are dropped when truncated by the token limit; earlier calls and the text are kept", () => {
    const cut = [
      chunk({ content: "see" }),
      calls({ index: 0, id: "a", ...fn("f", '{"x":1}') }),
      calls({ index: 1, id: "b", ...fn("g", '{"y": "/a') }),
    ];
    const { reply, events } = read(...cut, chunk({}, "length"), DONE);
    expect(reply).toMatchObject({ text: "see", finishReason: "length", toolCalls: [{ id: "a", name: "f" }] });
    expect(events.filter(({ type }) => type === "tool-call-end")).toHaveLength(1);
    expect(() => read(...cut, END, DONE)).toThrow(expect.objectContaining({ code: "invalid_tool_call" }));
  });

  it("get different ids in answers without an id that were created at different times", () => {
    const at = (created: number) => callsOf({ created, ...calls({ index: 0, ...fn("f", "{}") }), id: "" })[0]?.[0];
    expect(at(1)).toBe(at(1));
    expect(at(1)).not.toBe(at(2));
  });

  it("get a generated id when they have none, identical for the same answer", () => {
    const events = [calls({ index: 0, ...fn("f", "{}") })];
    const [[id] = []] = callsOf(...events);
    expect(id).toMatch(/^call_[0-9a-f]{24}$/);
    expect(callsOf(...events)[0]?.[0]).toBe(id);
    expect(callsOf({ id: "another", choices: [] }, ...events)[0]?.[0]).not.toBe(id);
  });

  it("accept a name that arrives late", () => {
    expect(
      callsOf(calls({ index: 0, id: "a", ...fn(undefined, '{"x"') }), calls({ index: 0, ...fn("f", ":1}") })),
    ).toEqual([["a", "f", '{"x":1}']]);
    expect(() => callsOf(calls({ index: 0, id: "a", ...fn(undefined, "{}") }))).toThrow(/no name/);
  });

  it("are kept in the partial reply when their arguments are not JSON", () => {
    const broken = calls({ index: 0, id: "a", ...fn("f", '{"x": 1, "y') });
    expect(() => read(broken, END, DONE)).toThrow(
      expect.objectContaining({
        code: "invalid_tool_call",
        partial: expect.objectContaining({
          toolCalls: [{ kind: "function", id: "a", name: "f", arguments: undefined, json: '{"x": 1, "y' }],
        }),
      }),
    );
  });

  it("determine the finish reason, whatever the host reports", () => {
    for (const finish of ["stop", "eos", "tool_calls", "something_new"]) {
      const { reply } = read(calls({ index: 0, id: "a", ...fn("f", "{}") }), chunk({}, finish), DONE);
      expect(reply).toMatchObject({ finishReason: "tool-calls", rawFinishReason: finish });
    }
    expect(read(calls({ index: 0, id: "a", ...fn("f", "{}") }), DONE).reply.finishReason).toBe("tool-calls");
  });

  it("are read from bodies with object arguments, from the legacy function_call, and from custom tools", () => {
    const body = (message: Loose) =>
      readBody(message, "tool_calls").reply.toolCalls.map(({ name, arguments: read }) => [name, read]);
    expect(body({ tool_calls: [{ id: "a", function: { name: "f", arguments: { x: 1 } } }] })).toEqual([
      ["f", { x: 1 }],
    ]);
    expect(
      body({
        tool_calls: [
          { id: "a", ...fn("f", "{}") },
          { id: "a", ...fn("f", "{}") },
        ],
      }),
    ).toHaveLength(2);
    expect(body({ function_call: { name: "f", arguments: "{}" } })).toEqual([["f", {}]]);
    expect(
      body({ content: "hi", tool_calls: [{ id: "a", type: "custom", custom: { name: "sql", input: "x" } }] }),
    ).toEqual([["sql", { input: "x" }]]);
  });

  it("are the same however their fragments are split and interleaved, with an index, an id or both", () => {
    const json = fc.jsonValue().map((value) => JSON.stringify({ value }));
    const call = fc.record({ name: fc.constantFrom("f", "g"), json, cuts: fc.array(fc.nat(), { maxLength: 4 }) });
    const scene = fc.record({
      all: fc.array(call, { minLength: 1, maxLength: 4 }),
      marks: fc.constantFrom<readonly string[]>(["index"], ["id"], ["index", "id"]),
      order: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(scene, ({ all, marks, order }) => {
        const queues = all.map(({ name, json, cuts }, index) => fragmentsOf(name, json, cuts, index, marks));
        const events: Loose[] = queues.map((queue) => calls(queue.shift() as Loose));
        for (const pick of order) {
          const open = queues.filter((queue) => queue.length > 0);
          if (open.length === 0) break;
          events.push(calls((open[pick % open.length] as Loose[]).shift() as Loose));
        }
        expect(callsOf(...events)).toEqual(all.map(({ name, json }, index) => [`id${index}`, name, json]));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The fragments of a call; those after the first carry only these marks. */
function fragmentsOf(
  name: string,
  json: string,
  cuts: readonly number[],
  index: number,
  marks: readonly string[],
): Loose[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (json.length + 1)), json.length])].sort(
    (left, right) => left - right,
  );
  const pieces = places.slice(1).map((end, piece) => json.slice(places[piece], end));
  const all = { index, id: `id${index}` };
  const own = Object.fromEntries(Object.entries(all).filter(([mark]) => marks.includes(mark)));
  const first = marks.includes("index") ? all : own;
  return [{ ...first, ...fn(name, "") }, ...pieces.map((piece) => ({ ...own, ...fn(undefined, piece) }))];
}

describe("content of a chat answer", () => {
  it("is read from Mistral's array of parts", () => {
    const thinking = { type: "thinking", thinking: [{ type: "text", text: "Hmm." }] };
    const { reply } = readBody({
      content: [thinking, { type: "reference", reference_ids: [1] }, { type: "text", text: "4" }],
    });
    expect(reply).toMatchObject({ reasoning: "Hmm.", text: "4" });
  });

  it("has its reasoning from either field, without duplicates", () => {
    expect(readBody({ content: "4", reasoning: "Hmm." }).reply.reasoning).toBe("Hmm.");
    expect(readBody({ content: "4", reasoning: "Hmm.", reasoning_content: "Hmm." }).reply.reasoning).toBe("Hmm.");
  });

  it("marks reasoning with the provider that produced it", () => {
    const { reply } = readBody({ content: "4", reasoning_content: "Hmm." });
    expect(reply.message.content).toEqual([
      { type: "reasoning", text: "Hmm.", signature: "reasoning_content", owner: "host" },
      { type: "text", text: "4" },
    ]);
  });

  it("is the transcript when the answer is audio", () => {
    expect(readBody({ content: null, audio: { id: "a", data: "AAAA", transcript: "Hello" } }).reply.text).toBe("Hello");
  });

  it("is separated by choice", () => {
    const { events, reply } = readSamples(
      2,
      { id: "c", choices: [0, 1].map((index) => ({ index, delta: { content: `${index}` }, finish_reason: "stop" })) },
      DONE,
    );
    expect(reply.samples?.map(({ text }) => text)).toEqual(["0", "1"]);
    expect(events.filter(({ type }) => type === "finish")).toHaveLength(2);
  });

  it("comes with the response id and the served model, even when they arrive late", () => {
    const { events, reply } = read(
      { choices: [], id: "", model: "" },
      chunk({ content: "hi" }, "stop", { model: "served" }),
      DONE,
    );
    expect(reply.id).toBe("c");
    expect(events).toContainEqual({ type: "response", id: "c", servedModel: "served" });
  });
});

describe("a broken chat answer", () => {
  it.each<[string, string, Loose | string]>([
    ["protocol_error", "an event that is not JSON", "<html>"],
    ["protocol_error", "an event that is a number", "5"],
    ["server_error", "an error inside a choice", { choices: [{ index: 0, delta: {}, error: { message: "oops" } }] }],
    ["quota_exhausted", "an error that is a string", { error: "insufficient_quota" }],
  ])("throws %s for %s", (code, _, event) => {
    expect(() => read(event)).toThrow(expect.objectContaining({ code }));
  });

  it("never makes the decoder throw anything but a ModelError", () => {
    const anything = fc.record(
      {
        choices: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record(
              { delta: fc.jsonValue(), message: fc.jsonValue(), finish_reason: fc.jsonValue() },
              { requiredKeys: [] },
            ),
          ),
        ),
        usage: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(anything), (events) => {
        try {
          read(...(events as Loose[]), DONE);
        } catch (error) {
          expect(error).toMatchObject({ name: "ModelError", provider: "host" });
        }
      }),
    );
  });
});
