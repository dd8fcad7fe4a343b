import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeResponses } from "../../../src/dialects/openai/responses-decode.ts";
import { threadMs } from "../../harness/thread-time.ts";
import { readAnswer, targetOf } from "../contract.ts";

const target = targetOf({ provider: "openai", dialect: "openai-responses" });

type Loose = Record<string, unknown>;

function read(...events: readonly Loose[]) {
  const stream = events.map((data) => ({ event: String(data["type"]), data }));
  return readAnswer({ target, decoder: decodeResponses }, { stream }, "stream");
}

function completed(output: unknown[] = [], more: Loose = {}): Loose {
  return { type: "response.completed", response: { id: "r", status: "completed", output, ...more } };
}

const added = (item: Loose, index: number): Loose => ({
  type: "response.output_item.added",
  output_index: index,
  item,
});
const done = (item: Loose, index: number): Loose => ({ type: "response.output_item.done", output_index: index, item });
const message = (text: string, more: Loose = {}): Loose => ({
  id: "m",
  type: "message",
  content: [{ type: "output_text", text }],
  ...more,
});
const call = (json: string): Loose => ({ id: "f", type: "function_call", call_id: "c", name: "f", arguments: json });

describe("an error event", () => {
  it.each([
    ["nested in an error object", { error: { code: "rate_limit_exceeded", message: "slow down" } }],
    ["at the top level of the event", { code: "rate_limit_exceeded", message: "slow down" }],
  ])("ends the answer with its error code, %s", (_, error) => {
    const delta = { type: "response.output_text.delta", output_index: 0, delta: "half" };
    expect(() => read(added(message(""), 0), delta, { type: "error", ...error }, completed([message("half")]))).toThrow(
      expect.objectContaining({ code: "rate_limited" }),
    );
  });
});

describe("a responses stream", () => {
  it("emits an item that was not streamed when it is done, and no item twice", () => {
    const delta = { type: "response.output_text.delta", output_index: 1, delta: "two" };
    const events = [done(message("one "), 0), added(message(""), 1), delta, done(message("two"), 1)];
    expect(read(...events, completed([message("one "), message("two")])).reply.text).toBe("one two");
  });

  it("emits a complete response that was not streamed", () => {
    const { reply } = read(completed([message("hi"), call('{"x":1}')]));
    expect(reply).toMatchObject({
      text: "hi",
      finishReason: "tool-calls",
      toolCalls: [{ id: "c", arguments: { x: 1 } }],
    });
  });

  it("matches events to items by id when the server omits the index", () => {
    const events = [
      { type: "response.output_item.added", item: call("") },
      { type: "response.output_item.added", item: { ...call(""), id: "g", call_id: "d", name: "g" } },
      { type: "response.function_call_arguments.delta", item_id: "f", delta: '{"a":' },
      { type: "response.function_call_arguments.delta", item_id: "g", delta: "{}" },
      { type: "response.function_call_arguments.delta", item_id: "f", delta: "1}" },
    ];
    expect(read(...events, completed()).reply.toolCalls.map(({ name, json }) => [name, json])).toEqual([
      ["f", '{"a":1}'],
      ["g", "{}"],
    ]);
  });

  it("ends a call that the server did not end", () => {
    const delta = { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"x":1}' };
    expect(read(added(call(""), 0), delta, completed()).reply.toolCalls).toMatchObject([{ arguments: { x: 1 } }]);
  });

  it("emits the arguments of a call once when only the finished item has them", () => {
    const { events } = read(added(call(""), 0), done(call('{"x":1}'), 0), completed());
    expect(events.filter(({ type }) => type === "tool-call-delta")).toHaveLength(1);
  });

  it("separates the paragraphs of a summary and keeps the encrypted reasoning in the signature", () => {
    const part = { type: "response.reasoning_summary_part.added", output_index: 0 };
    const delta = (text: string) => ({ type: "response.reasoning_summary_text.delta", output_index: 0, delta: text });
    const item = {
      id: "rs",
      type: "reasoning",
      summary: [
        { type: "summary_text", text: "a" },
        { type: "summary_text", text: "b" },
      ],
    };
    const events = [part, delta("a"), part, delta("b"), done({ ...item, encrypted_content: "sealed" }, 0)];
    const { reply } = read(...events, done(message("hi"), 1), completed());
    expect(reply.reasoning).toBe("a\n\nb");
    const [thought] = reply.message.content as unknown as Loose[];
    expect(JSON.parse(String(thought?.["signature"]))).toEqual({
      id: "rs",
      summary: item.summary,
      encrypted_content: "sealed",
    });
    expect(read(completed([item])).reply.reasoning).toBe("a\n\nb");
  });

  it("keeps the phase of a message", () => {
    const { reply } = read(
      done(message("Looking.", { phase: "commentary" }), 0),
      done(message("Found.", { phase: "final_answer" }), 1),
      completed(),
    );
    expect(reply.text).toBe("Looking.Found.");
    expect(reply.message.content).toMatchObject([
      { signature: '{"phase":"commentary"}' },
      { signature: '{"phase":"final_answer"}' },
    ]);
  });

  it("ignores provider-executed tools and unknown items and events", () => {
    const foreign = ["web_search_call", "computer_call", "mcp_call", "something_new"].map((type, index) => ({
      id: `i${index}`,
      type,
    }));
    const { reply } = read(
      ...foreign.map((item, index) => done(item, index)),
      { type: "response.new.event", delta: "x" },
      done(message("hi"), 9),
      completed(),
    );
    expect(reply).toMatchObject({ text: "hi", finishReason: "stop", toolCalls: [] });
  });

  it("identifies the event by its SSE name when the data has no type", () => {
    const { type: _, ...rest } = completed([message("hi")]);
    const stream = [{ event: "response.completed", data: rest }];
    expect(readAnswer({ target, decoder: decodeResponses }, { stream }, "stream").reply.text).toBe("hi");
  });

  it("reports usage even when the response failed", () => {
    const failed = {
      type: "response.failed",
      response: {
        id: "r",
        status: "failed",
        error: { code: "server_error", message: "x" },
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    };
    const decoder = decodeResponses(target);
    const out: { type: string }[] = [];
    expect(() => decoder.push(JSON.stringify(failed), undefined, out as never)).toThrow(
      expect.objectContaining({ code: "server_error" }),
    );
    expect(out.map(({ type }) => type)).toContain("usage");
  });

  it("is not ended by [DONE] alone, nor by a response that is still queued", () => {
    const stream = [{ data: done(message("hi"), 0) }, { data: "[DONE]" }];
    expect(() => readAnswer({ target, decoder: decodeResponses }, { stream }, "stream")).toThrow(
      expect.objectContaining({ code: "stream_truncated" }),
    );
    const body = { id: "r", status: "queued", output: [] };
    expect(() => readAnswer({ target, decoder: decodeResponses }, { stream: [], body }, "body")).toThrow(/queued/);
  });

  it("never makes the decoder throw anything but a ModelError", () => {
    const types = [
      "response.output_item.added",
      "response.output_item.done",
      "response.output_text.delta",
      "response.function_call_arguments.delta",
      "response.completed",
      "error",
      "x",
    ];
    const items = fc.record(
      {
        type: fc.constantFrom("message", "reasoning", "function_call", "x"),
        content: fc.jsonValue(),
        summary: fc.jsonValue(),
        arguments: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const anything = fc.record(
      {
        type: fc.constantFrom(...types),
        item: fc.oneof(items, fc.jsonValue()),
        delta: fc.jsonValue(),
        response: fc.jsonValue(),
        output_index: fc.jsonValue(),
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(fc.array(anything), (events) => {
        try {
          read(...(events as Loose[]));
        } catch (error) {
          expect(error).toMatchObject({ name: "ModelError", provider: "openai" });
        }
      }),
    );
  });
});

const textDelta = (delta: string, more: Loose = {}): Loose => ({ type: "response.output_text.delta", delta, ...more });
const textDone = (text: string, more: Loose = {}): Loose => ({ type: "response.output_text.done", text, ...more });
const protocolError = expect.objectContaining({ code: "protocol_error" });

describe("an item of a responses stream", () => {
  const place = (index: number, more: Loose = {}) => ({ output_index: index, item_id: "m", ...more });

  it("is delivered once when its done events have the index of the next item", () => {
    const { reply } = read(
      added(message(""), 0),
      textDelta("hi", place(0)),
      textDone("hi", place(1)),
      done(message("hi"), 1),
      added(call(""), 1),
      { type: "response.function_call_arguments.delta", item_id: "f", output_index: 1, delta: "{}" },
      { type: "response.function_call_arguments.done", item_id: "f", output_index: 2, arguments: "{}" },
      done(call("{}"), 2),
      completed([message("hi"), call("{}")]),
    );
    expect(reply).toMatchObject({ text: "hi", toolCalls: [{ id: "c", arguments: {} }] });
    expect(reply.toolCalls).toHaveLength(1);
  });

  it("is delivered once when every event gives it a different id", () => {
    const { reply } = read(
      added({ ...message(""), id: "x1" }, 0),
      textDelta("hi", { output_index: 0, item_id: "x2" }),
      done({ ...message("hi"), id: "x3" }, 0),
      completed([{ ...message("hi"), id: "x4" }]),
    );
    expect(reply.text).toBe("hi");
  });

  it("may share its index with items of another type or id", () => {
    const other = { ...call('{"y":2}'), id: "g", call_id: "d" };
    const { reply } = read(
      added(message(""), 0),
      textDelta("hi", place(0)),
      done(message("hi"), 0),
      added(call(""), 0),
      added({ ...other, arguments: "" }, 0),
      { type: "response.function_call_arguments.delta", item_id: "g", output_index: 0, delta: '{"y":2}' },
      { type: "response.function_call_arguments.delta", item_id: "f", output_index: 0, delta: '{"x":1}' },
      done(call('{"x":1}'), 0),
      done(other, 0),
      completed(),
    );
    expect(reply.text).toBe("hi");
    expect(reply.toolCalls.map(({ id, arguments: read }) => [id, read])).toEqual([
      ["c", { x: 1 }],
      ["d", { y: 2 }],
    ]);
  });

  it("is delivered when only its added event has its content", () => {
    const part = { type: "response.content_part.added", ...place(0), content_index: 0 };
    const opened = (text: string) => ({ ...part, part: { type: "output_text", text } });
    const thought = { id: "r", type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }] };
    const refusal = { id: "m", type: "message", content: [{ type: "refusal", refusal: "No" }] };
    const custom = { id: "i", type: "custom_tool_call", call_id: "c", name: "sql", input: "SELECT 1" };
    for (const [event, expected] of [
      [added(message("hi"), 0), { text: "hi" }],
      [opened("hi"), { text: "hi" }],
      [added(refusal, 0), { refusal: "No", finishReason: "refusal" }],
      [added(thought, 0), { reasoning: "Hm" }],
      [added(call('{"x":1}'), 0), { toolCalls: [{ arguments: { x: 1 } }] }],
      [added(custom, 0), { toolCalls: [{ arguments: { input: "SELECT 1" } }] }],
    ] as const)
      expect(read(event, completed()).reply).toMatchObject(expected);
    expect(read(added(call('{"x":1}'), 0), done(call(""), 0), completed()).reply.toolCalls).toMatchObject([
      { arguments: { x: 1 } },
    ]);
  });

  it("is delivered once when its added event already has its content", () => {
    const events = [added(message("hi"), 0), added(call('{"x":1}'), 1)];
    const whole = [message("hi"), call('{"x":1}')];
    const deltas = [
      textDelta("hi", place(0)),
      { type: "response.function_call_arguments.delta", item_id: "f", output_index: 1, delta: '{"x":1}' },
    ];
    for (const later of [deltas, [], whole.map(done)])
      for (const output of [[], whole]) {
        const { reply } = read(...events, ...later, completed(output));
        expect(reply).toMatchObject({ text: "hi", toolCalls: [{ json: '{"x":1}' }] });
      }
  });

  it.each([
    ["continues it", ["lo"], "Hello"],
    ["continues it in several deltas", ["l", "o"], "Hello"],
    ["repeats and extends it", ["Hello"], "Hello"],
    ["repeats and extends it in several deltas", ["He", "l", "lo"], "Hello"],
    ["only repeats it", ["H", "el"], "Hel"],
  ])("starts with the text of its added event when later content %s", (_, deltas, whole) => {
    const part = { type: "response.content_part.added", ...place(0), content_index: 0 };
    const opened = { ...part, part: { type: "output_text", text: "Hel" } };
    const later = deltas.map((delta) => textDelta(delta, { ...place(0), content_index: 0 }));
    for (const begun of [[opened], [added(message("Hel"), 0)], [added(message("Hel"), 0), opened]])
      for (const end of [[], [textDone(whole, place(0))], [done(message(whole), 0)]]) {
        const { reply, events } = read(...begun, ...later, ...end, completed([message(whole)]));
        expect(reply.text).toBe(whole);
        expect(events.map((event) => (event.type === "text-delta" ? event.text : "")).join("")).toBe(whole);
      }
    expect(read(opened, ...later, completed()).reply.text).toBe(whole);
  });

  it.each([
    ["continues them", ["ECT 1"]],
    ["repeats and extends them in several deltas", ["SE", "LECT 1"]],
  ])("starts with the arguments of its added event when later content %s", (_, deltas) => {
    const custom = { id: "i", type: "custom_tool_call", call_id: "c", name: "sql", input: "SEL" };
    const delta = (type: string, text: string) => ({ type, output_index: 0, item_id: "i", delta: text });
    const inputs = deltas.map((text) => delta("response.custom_tool_call_input.delta", text));
    expect(read(added(custom, 0), ...inputs, completed()).reply.toolCalls).toMatchObject([
      { arguments: { input: "SELECT 1" } },
    ]);
    const fn = { ...custom, type: "function_call", input: undefined, arguments: '{"q":"SEL' };
    const pieces = deltas.map((text, at) => (at === 0 && text.startsWith("SE") ? `{"q":"${text}` : text));
    const args = [...pieces, '"}'].map((text) => delta("response.function_call_arguments.delta", text));
    expect(read(added(fn, 0), ...args, completed()).reply.toolCalls).toMatchObject([{ arguments: { q: "SELECT 1" } }]);
  });

  it("is rejected when it is ambiguous how much of its added event its deltas repeat", () => {
    const begun = [added(message("Hello"), 0), textDelta("Hel", place(0))];
    expect(() => read(...begun, completed())).toThrow(protocolError);
    expect(() => read(...begun, textDelta("p", place(0)), done(message("Help"), 0), completed())).toThrow(
      protocolError,
    );
    expect(read(...begun, done(message("Hello"), 0), completed()).reply.text).toBe("Hello");
  });

  it("has all its parts, including those that only their added event contains", () => {
    const part = (content_index: number, text: string) => {
      return { type: "response.content_part.added", ...place(0), content_index, part: { type: "output_text", text } };
    };
    const delta = (content_index: number, text: string) => textDelta(text, { ...place(0), content_index });
    expect(read(part(0, "a"), part(1, ""), delta(1, "b"), part(2, "c"), completed()).reply.text).toBe("abc");
    expect(read(part(0, "a"), delta(0, "a"), part(1, "b"), delta(1, "c"), completed()).reply.text).toBe("abc");
    expect(() => read(part(0, ""), delta(0, "a"), part(1, ""), delta(1, "b"), delta(0, "c"), completed())).toThrow(
      protocolError,
    );
  });

  it.each([
    ["text", "response.output_text.delta", "message", [0, 1, 0, 1]],
    ["text at the same index", "response.output_text.delta", "message", [0, 0, 0, 0]],
    ["text in the wrong order", "response.output_text.delta", "message", [1, 1, 0, 0]],
    ["refusals", "response.refusal.delta", "message", [0, 1, 0, 1]],
    ["summaries", "response.reasoning_summary_text.delta", "reasoning", [0, 1, 0, 1]],
  ] as const)("is rejected when two are interleaved: %s", (_, type, kind, places) => {
    const ids = places.every((index) => index === 0) ? ["x", "y", "x", "y"] : places.map((index) => `m${index}`);
    const items = ids.slice(0, 2).map((id, at) => added({ id, type: kind, content: [], summary: [] }, places[at] ?? 0));
    const deltas = ["Hel", "Wor", "lo", "ld"].map((delta, at) => {
      return { type, delta, output_index: places[at], item_id: ids[at] };
    });
    expect(() => read(...items, ...deltas, completed())).toThrow(protocolError);
  });

  it.each(["stream", "completed response"])(
    "gets a new id when another call in the %s has the same one, which is reported once",
    (form) => {
      const calls = [0, 1, 2].map((x) => ({ ...call(`{"x":${x}}`), id: `f${x}` }));
      const events = form === "stream" ? calls.map((item, index) => done(item, index)) : [];
      const { toolCalls, adjustments } = read(...events, completed(calls)).reply;
      expect(toolCalls.map((one) => one.arguments)).toEqual([{ x: 0 }, { x: 1 }, { x: 2 }]);
      expect(toolCalls[0]?.id).toBe("c");
      expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(3);
      expect(adjustments).toMatchObject([{ setting: "tools", from: { id: "c" } }]);
    },
  );

  it("is delivered once when the complete response lists it twice", () => {
    const items = [message("hi"), call('{"x":1}')];
    const twice = [...items, message("hi"), call('{ "x": 1 }')];
    const begun = [added(message(""), 0), textDelta("hi", place(0)), done(message("hi"), 0)];
    for (const answer of [[completed(twice)], [...begun, completed(twice)]]) {
      const { reply } = read(...answer);
      expect(reply.text).toBe("hi");
      expect(reply.toolCalls).toMatchObject([{ id: "c", arguments: { x: 1 } }]);
    }
    const body = { id: "r", status: "completed", output: twice };
    const { reply } = readAnswer({ target, decoder: decodeResponses }, { stream: [], body }, "body");
    expect(reply).toMatchObject({ text: "hi", toolCalls: [{ id: "c" }] });
    expect(reply.toolCalls).toHaveLength(1);
  });

  it("is delivered once when it is done twice with differently formatted arguments", () => {
    const finishedTwice = (json: string) => [done(call('{"x":1,"y":2}'), 0), done(call(json), 0), completed()];
    expect(read(...finishedTwice('{ "y": 2, "x": 1 }')).reply.toolCalls).toHaveLength(1);
    expect(() => read(...finishedTwice('{"x":2,"y":2}'))).toThrow(protocolError);
  });

  const argumentsDelta = (delta: string, id: string, index: number): Loose => ({
    type: "response.function_call_arguments.delta",
    item_id: id,
    output_index: index,
    delta,
  });
  const ids: readonly (readonly [string, Loose, Loose])[] = [
    ["call id", { id: "f", call_id: "c" }, { id: "g", call_id: "c" }],
    ["item id", { id: "f", call_id: "c" }, { id: "f", call_id: "d" }],
  ];

  it.each(ids)("stays a separate call when two share one %s", (_, first, second) => {
    const one: Loose = { ...call('{"x":1}'), ...first };
    const other: Loose = { ...call('{"y":2}'), name: "g", ...second };
    const [begin, follow] = [added({ ...one, arguments: "" }, 0), added({ ...other, arguments: "" }, 1)];
    const [say, tell] = [
      argumentsDelta('{"x":1}', String(one["id"]), 0),
      argumentsDelta('{"y":2}', String(other["id"]), 1),
    ];
    const [close, end] = [done(one, 0), done(other, 1)];
    for (const order of [
      [begin, say, close, follow, tell, end],
      [begin, follow, tell, say, close, end],
      [close, end],
    ])
      for (const output of [[], [one, other], [message("hi"), one, other]])
        expect(read(...order, completed(output)).reply.toolCalls.map(({ name, json }) => [name, json])).toEqual([
          ["f", '{"x":1}'],
          ["g", '{"y":2}'],
        ]);
  });

  it("is delivered from the complete response when no other event has it", () => {
    const { reply } = read(
      added(message(""), 0),
      textDelta("hi", place(0)),
      done(message("hi"), 0),
      completed([message("hi"), call('{"x":1}')]),
    );
    expect(reply).toMatchObject({ text: "hi", toolCalls: [{ arguments: { x: 1 } }] });
  });
});

describe("repeated content", () => {
  const begun = (...deltas: string[]) => [
    added(message(""), 0),
    ...deltas.map((delta) => textDelta(delta, { output_index: 0, item_id: "m", content_index: 0 })),
  ];
  const repeated: readonly (readonly [string, (text: string) => Loose[]])[] = [
    [
      "done event of the text",
      (text) => [textDone(text, { output_index: 0, item_id: "m", content_index: 0 }), completed()],
    ],
    ["done event of the item", (text) => [done(message(text), 0), completed()]],
    ["complete response", (text) => [completed([message(text)])]],
  ];

  it.each(repeated)("in the %s adds the missing end", (_, repeat) => {
    expect(read(...begun("He", "llo"), ...repeat("Hello world")).reply.text).toBe("Hello world");
    expect(read(...begun("He", "llo"), ...repeat("")).reply.text).toBe("Hello");
  });

  it.each(repeated)("in the %s reveals lost, duplicated and swapped deltas", (_, repeat) => {
    for (const deltas of [
      ["He", "o"],
      ["He", "ll", "ll", "o"],
      ["ll", "He", "o"],
    ])
      expect(() => read(...begun(...deltas), ...repeat("Hello"))).toThrow(protocolError);
  });

  it("is compared with the deltas of reasoning, refusals and arguments (as JSON)", () => {
    const ofThought = (text: string) => [
      { type: "response.reasoning_summary_text.delta", output_index: 0, item_id: "r", summary_index: 0, delta: "Hm" },
      done({ id: "r", type: "reasoning", summary: [{ type: "summary_text", text }] }, 0),
      completed(),
    ];
    expect(read(...ofThought("Hmm")).reply.reasoning).toBe("Hmm");
    expect(() => read(...ofThought("mm"))).toThrow(protocolError);
    const ofRefusal = (refusal: string) => [
      { type: "response.refusal.delta", output_index: 0, item_id: "m", content_index: 0, delta: "No" },
      { type: "response.refusal.done", output_index: 0, item_id: "m", content_index: 0, refusal },
      completed(),
    ];
    expect(read(...ofRefusal("No.")).reply.refusal).toBe("No.");
    expect(() => read(...ofRefusal("Yes"))).toThrow(protocolError);
    const ofCall = (json: string) => [
      added(call(""), 0),
      { type: "response.function_call_arguments.delta", output_index: 0, item_id: "f", delta: '{"x":1,"y":2}' },
      done(call(json), 0),
      completed(),
    ];
    expect(read(...ofCall('{ "y": 2, "x": 1 }')).reply.toolCalls).toMatchObject([{ arguments: { x: 1, y: 2 } }]);
    expect(() => read(...ofCall('{"x":1}'))).toThrow(protocolError);
  });

  it("must not be followed by more text", () => {
    const at = { output_index: 0, item_id: "m", content_index: 0 };
    for (const place of [at, { output_index: 0 }])
      expect(() => read(...begun("Hello"), done(message("Hello"), 0), textDelta("!", place), completed())).toThrow(
        protocolError,
      );
    expect(() => read(...begun("Hello"), textDone("Hello", at), textDelta("!", at), completed())).toThrow(
      protocolError,
    );
  });

  it("is required only when the sequence numbers have gaps", () => {
    const numbered = (events: readonly Loose[], ...numbers: number[]) =>
      events.map((event, at) => ({ ...event, sequence_number: numbers[at] }));
    const open = [...begun("Hello"), completed()];
    expect(read(...numbered(open, 0, 1, 2)).reply.text).toBe("Hello");
    expect(() => read(...numbered(open, 0, 5, 6))).toThrow(protocolError);
    const whole = [...begun("Hello"), done(message("Hello there"), 0), completed()];
    expect(read(...numbered(whole, 0, 5, 9, 12)).reply.text).toBe("Hello there");
  });
});

describe("the created event of a response", () => {
  const created = (id: string) => ({ type: "response.created", response: { id, status: "in_progress", output: [] } });

  it("may be repeated, but not for another response", () => {
    expect(read(created("r"), created("r"), done(message("hi"), 0), completed()).reply.text).toBe("hi");
    expect(() => read(created("r"), created("s"), done(message("hi"), 0), completed())).toThrow(protocolError);
  });
});

describe("client tool calls", () => {
  const patch = { type: "update_file", path: "a.ts", diff: "+x\n" };
  const shell = { commands: ["ls"], timeout_ms: null, max_output_length: 100 };
  const exec = { type: "exec", command: ["ls"], env: {} };
  const items: readonly (readonly [Loose, Loose])[] = [
    [
      { id: "i", type: "custom_tool_call", name: "sql", input: "SELECT 1" },
      { kind: "custom", name: "sql", arguments: { input: "SELECT 1" } },
    ],
    [
      { id: "i", type: "apply_patch_call", operation: patch },
      { kind: "apply_patch", name: "apply_patch", arguments: patch },
    ],
    [
      { id: "i", type: "shell_call", action: shell },
      { kind: "shell", name: "shell", arguments: shell },
    ],
    [
      { id: "i", type: "local_shell_call", action: exec },
      { kind: "shell", name: "local_shell", arguments: exec },
    ],
  ];

  it.each(items)("have the kind of their tool, in streamed items and complete responses", (item, expected) => {
    const wire = { ...item, call_id: "c" };
    for (const answer of [[added({ ...wire, input: "" }, 0), done(wire, 0), completed([wire])], [completed([wire])]]) {
      const { reply } = read(...answer);
      expect(reply).toMatchObject({ finishReason: "tool-calls", toolCalls: [{ id: "c", ...expected }] });
      expect(JSON.parse(reply.toolCalls[0]?.json ?? "")).toEqual(expected["arguments"]);
      expect(reply.message.content).toMatchObject([{ type: "tool-call", kind: expected["kind"], owner: "openai" }]);
    }
  });

  it("are ignored when the provider runs the shell in its container", () => {
    const wire = {
      id: "i",
      type: "shell_call",
      call_id: "c",
      action: shell,
      environment: { type: "container_reference" },
    };
    expect(read(added(wire, 0), done(wire, 0), done(message("done"), 1), completed()).reply).toMatchObject({
      text: "done",
      toolCalls: [],
      finishReason: "stop",
    });
  });

  it("stream the input of a custom tool and compare it with the done event", () => {
    const of = (input: string) => [
      added({ id: "i", type: "custom_tool_call", call_id: "c", name: "sql", input: "" }, 0),
      ...['SELECT "', 'a"'].map((delta) => ({ type: "response.custom_tool_call_input.delta", item_id: "i", delta })),
      { type: "response.custom_tool_call_input.done", item_id: "i", input },
      completed(),
    ];
    const { reply, events } = read(...of('SELECT "a";'));
    expect(reply.toolCalls).toMatchObject([{ arguments: { input: 'SELECT "a";' } }]);
    const json = events.map((event) => (event.type === "tool-call-delta" ? event.json : "")).join("");
    expect(json).toBe(reply.toolCalls[0]?.json);
    expect(() => read(...of("DROP"))).toThrow(protocolError);
  });

  it("require a name", () => {
    expect(() =>
      read(done({ id: "f", type: "function_call", call_id: "c", name: "", arguments: "{}" }, 0), completed()),
    ).toThrow(expect.objectContaining({ code: "invalid_tool_call" }));
  });
});

describe("many items with the same id", () => {
  const callAt = (at: number) => ({ ...call(`{"at":${at}}`), id: `f${at}` });
  const argumentsAt = (at: number) => ({
    type: "response.function_call_arguments.delta",
    output_index: at,
    item_id: `f${at}`,
    delta: `{"at":${at}}`,
  });
  const streamedAt = (at: number) => [added({ ...callAt(at), arguments: "" }, at), argumentsAt(at)];

  it.each<[string, (at: number) => Loose[]]>([
    ["added and done", (at) => [...streamedAt(at), done(callAt(at), at)]],
    ["added only", streamedAt],
    ["done only", (at) => [done(callAt(at), at)]],
    ["done at the index of the next", (at) => [...streamedAt(at), done(callAt(at), at + 1)]],
    ["in the complete response only", () => []],
  ])("are read in linear time: 10,000 calls with one call id, %s", (_, eventsAt) => {
    const places = Array.from({ length: 10_000 }, (__, at) => at);
    const events = [...places.flatMap(eventsAt), completed(places.map(callAt))];
    const before = threadMs();
    const { reply } = read(...events);
    expect(threadMs() - before).toBeLessThan(2_000);
    expect(reply.toolCalls.map(({ json }) => json)).toEqual(places.map((at) => `{"at":${at}}`));
  });

  it("are read in linear time: 10,000 messages with one id", () => {
    const places = Array.from({ length: 10_000 }, (_, at) => at);
    const events = places.flatMap((at) => [
      added(message(""), at),
      { type: "response.output_text.delta", output_index: at, item_id: "m", delta: `${at};` },
      done(message(`${at};`), at),
    ]);
    const before = threadMs();
    const { reply } = read(...events, completed(places.map((at) => message(`${at};`))));
    expect(threadMs() - before).toBeLessThan(2_000);
    expect(reply.text).toBe(places.map((at) => `${at};`).join(""));
  });
});
