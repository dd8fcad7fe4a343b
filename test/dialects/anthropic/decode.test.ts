import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../../src/core/event.ts";
import { messagesDecoder } from "../../../src/dialects/anthropic/decode.ts";
import { encodeMessagesRequest } from "../../../src/dialects/anthropic/encode.ts";
import { foldEvents, requestOf, targetOf } from "../contract.ts";
import { answerOf } from "./answers.ts";

const target = targetOf({ provider: "anthropic", dialect: "anthropic" });

type Tree = Readonly<Record<string, unknown>>;

function decode(stream: readonly unknown[], throughTool = false): FlowEvent[] {
  const decoder = messagesDecoder(target, { throughTool });
  const events: FlowEvent[] = [{ type: "start", model: "m", provider: "anthropic" }];
  for (const event of stream) decoder.push(JSON.stringify(event), undefined, events);
  decoder.end(events);
  return events;
}

function readBody(body: unknown) {
  const decoder = messagesDecoder(target, { throughTool: false });
  const events: FlowEvent[] = [{ type: "start", model: "m", provider: "anthropic" }];
  decoder.body(body, events);
  decoder.end(events);
  return foldEvents(events);
}

const reply = (stream: readonly unknown[], throughTool = false) => foldEvents(decode(stream, throughTool));

const start = (usage: Tree = { input_tokens: 1, output_tokens: 1 }) => ({
  type: "message_start",
  message: { id: "msg_1", model: "claude-test", role: "assistant", content: [], usage },
});
const open = (content_block: Tree, index = 0) => ({ type: "content_block_start", index, content_block });
const delta = (one: Tree, index = 0) => ({ type: "content_block_delta", index, delta: one });
const close = (index = 0) => ({ type: "content_block_stop", index });
const stop = (stop_reason: string, usage: Tree = { output_tokens: 5 }) => ({
  type: "message_delta",
  delta: { stop_reason },
  usage,
});
const say = (text: string, index = 0) => [
  open({ type: "text", text: "" }, index),
  delta({ type: "text_delta", text }, index),
  close(index),
];

/** All ways to cut a text into pieces, one drawn at random. */
const pieces = (text: string) =>
  fc.uniqueArray(fc.nat(text.length), { maxLength: 6 }).map((cuts) => {
    const edges = [0, ...cuts.sort((left, right) => left - right), text.length];
    return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
  });

const tools = (...ids: readonly string[]) =>
  ids.flatMap((id, index) => [
    open({ type: "tool_use", id, name: "f", input: {} }, index),
    delta({ type: "input_json_delta", partial_json: JSON.stringify({ index }) }, index),
    close(index),
  ]);

describe("the ids of tool calls", () => {
  it.each(["stream", "body"])(
    "are unique in a %s, which is reported once, and results go back to their calls",
    (form) => {
      const content = ["a", "a", "a", "call_1"].map((id, index) => ({
        type: "tool_use",
        id,
        name: "f",
        input: { index },
      }));
      const body = { ...start().message, content, stop_reason: "tool_use" };
      const stream = [start(), ...tools("a", "a", "a", "call_1"), stop("tool_use")];
      const { toolCalls, adjustments, message } = form === "stream" ? reply(stream) : readBody(body);
      expect(toolCalls.map((call) => [call.id, call.arguments])).toEqual([
        ["a", { index: 0 }],
        ["call_1", { index: 1 }],
        ["call_2", { index: 2 }],
        ["call_3", { index: 3 }],
      ]);
      expect(adjustments).toMatchObject([{ setting: "tools", from: { id: "a" }, to: { id: "call_1" } }]);
      const results = toolCalls.map(({ id }) => ({ type: "tool-result" as const, id, content: `result of ${id}` }));
      const messages = [
        { role: "user" as const, content: "q" },
        message,
        { role: "tool" as const, content: results.toReversed() },
      ];
      const { params } = encodeMessagesRequest(requestOf({ messages }), target, false);
      const [, called, answered] = params.messages;
      expect(called?.content).toMatchObject(toolCalls.map(({ id }) => ({ type: "tool_use", id })));
      expect(answered?.content).toHaveLength(4);
      for (const { id } of toolCalls)
        expect(answered?.content).toContainEqual(
          expect.objectContaining({ tool_use_id: id, content: [{ type: "text", text: `result of ${id}` }] }),
        );
    },
  );
});

describe("the stream of the messages API", () => {
  it("joins signature and arguments for any split of their deltas", () => {
    const signature = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgx+/=";
    const json = JSON.stringify({ path: "ä/\u{1F600}", lines: [1, 2, { deep: '"quoted"' }] });
    fc.assert(
      fc.property(pieces(signature), pieces(json), (signatures, inputs) => {
        const { message, toolCalls } = reply([
          start(),
          open({ type: "thinking", thinking: "", signature: "" }),
          delta({ type: "thinking_delta", thinking: "Hm." }),
          ...signatures.map((one) => delta({ type: "signature_delta", signature: one })),
          close(),
          open({ type: "tool_use", id: "toolu_1", name: "f", input: {} }, 1),
          ...inputs.map((partial_json) => delta({ type: "input_json_delta", partial_json }, 1)),
          close(1),
          stop("tool_use"),
        ]);
        expect(message.content).toEqual([
          { type: "reasoning", text: "Hm.", signature, owner: "anthropic" },
          { type: "tool-call", id: "toolu_1", name: "f", arguments: JSON.parse(json) },
        ]);
        expect(toolCalls[0]?.json).toBe(json);
      }),
    );
  });

  it("returns thinking and redacted thinking to the API byte for byte and in order", () => {
    const blocks = [
      { type: "thinking", thinking: "First.", signature: "sig1==" },
      { type: "redacted_thinking", data: "blob+/" },
      { type: "thinking", thinking: "", signature: "sig2" },
      { type: "text", text: "Answer" },
      { type: "tool_use", id: "toolu_1", name: "f", input: {} },
    ];
    const { stream } = answerOf(blocks, "tool_use");
    const { message } = reply(stream.map((event) => event.data));
    const messages = [
      { role: "user", content: "x" },
      message,
      { role: "tool", content: [{ type: "tool-result", id: "toolu_1", content: "" }] },
    ] as const;
    const { params } = encodeMessagesRequest(requestOf({ messages }), target, false);
    expect(params.messages[1]?.content).toEqual(blocks);
  });

  it("counts tokens once if they are reported twice; the later value of each field wins", () => {
    const first = { input_tokens: 27, cache_creation_input_tokens: 0, cache_read_input_tokens: 100, output_tokens: 1 };
    const last = { input_tokens: 27, cache_read_input_tokens: 100, output_tokens: 47 };
    const usage = reply([start(first), ...say("x"), stop("end_turn", last)]).usage;
    expect(usage).toMatchObject({ input: 27, cacheRead: 100, cacheWrite: 0, output: 47, total: 174 });
    const corrected = { input_tokens: 100, cache_read_input_tokens: 900, output_tokens: 5 };
    const kimi = reply([
      start({ input_tokens: 1000, output_tokens: 1 }),
      ...say("x"),
      stop("end_turn", corrected),
    ]).usage;
    expect(kimi).toMatchObject({ input: 100, cacheRead: 900, output: 5, total: 1005 });
  });

  it("distinguishes cache writes by TTL, thinking and searches", () => {
    const usage = {
      input_tokens: 5,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 4 },
      server_tool_use: { web_search_requests: 2 },
    };
    expect(reply([start(usage), ...say("x"), stop("end_turn", {})]).usage).toMatchObject({
      cacheWrite: 30,
      reasoning: 4,
      details: { cacheWrite5m: 10, cacheWrite1h: 20, webSearchRequests: 2 },
    });
  });

  it("is complete without message_stop only after a stop reason", () => {
    const whole = [start(), ...say("hi"), stop("end_turn")];
    expect(reply(whole)).toMatchObject({ text: "hi", finishReason: "stop" });
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(whole.slice(0, length))).toThrow(expect.objectContaining({ code: "stream_truncated" }));
    }
  });

  it("is complete before a broken connection only if a stop reason came after content", () => {
    const ends = (...stream: readonly unknown[]) => {
      const decoder = messagesDecoder(target, { throughTool: false });
      const events: FlowEvent[] = [];
      for (const event of stream) decoder.push(JSON.stringify(event), undefined, events);
      return () => decoder.end(events, true);
    };
    const early = { ...start(), message: { ...start().message, stop_reason: "end_turn" } };
    const whole = { ...early, message: { ...early.message, content: [{ type: "text", text: "a" }] } };
    const truncated = expect.objectContaining({ code: "stream_truncated" });
    expect(ends(start(), ...say("a"), stop("end_turn"))).not.toThrow();
    expect(ends(early, ...say("a"), stop("end_turn"))).not.toThrow();
    for (const events of [[early], [whole], [early, ...say("a")]]) expect(ends(...events)).toThrow(truncated);
  });

  it("emits usage and one finish at the end, after everything else", () => {
    const events = decode([start(), ...say("hi"), stop("end_turn"), { type: "message_stop" }]);
    expect(events.slice(-2).map((event) => event.type)).toEqual(["usage", "finish"]);
    expect(events.filter((event) => event.type === "finish")).toHaveLength(1);
  });

  it("ignores a repeated message_start", () => {
    const events = decode([start(), start(), ...say("hi"), stop("end_turn")]);
    expect(events.filter((event) => event.type === "response")).toEqual([
      { type: "response", id: "msg_1", servedModel: "claude-test" },
    ]);
  });

  it("returns the text of a refusal", () => {
    const stop_details = { type: "refusal", category: "cyber", explanation: "Not this." };
    const refused = reply([start(), { type: "message_delta", delta: { stop_reason: "refusal", stop_details } }]);
    expect(refused).toMatchObject({ text: "", refusal: "Not this.", finishReason: "refusal" });
  });

  it("reports tool-calls if there are calls, whatever the provider's stop reason", () => {
    const call = [open({ type: "tool_use", id: "a", name: "f", input: {} }), close()];
    expect(reply([start(), ...call, stop("end_turn")]).finishReason).toBe("tool-calls");
    expect(reply([start(), ...say("x"), stop("tool_use")]).finishReason).toBe("unknown");
  });

  it("reports a call truncated by the token limit as length, not as an invalid call", () => {
    const half = [
      open({ type: "tool_use", id: "a", name: "f", input: {} }),
      delta({ type: "input_json_delta", partial_json: '{"path": "/a' }),
      close(),
    ];
    expect(reply([start(), ...half, stop("max_tokens")])).toMatchObject({ finishReason: "length", toolCalls: [] });
    expect(() => decode([start(), ...half, stop("tool_use")])).toThrow(
      expect.objectContaining({ code: "invalid_tool_call" }),
    );
  });

  it("separates interleaved parallel calls", () => {
    const { toolCalls } = reply([
      start(),
      open({ type: "tool_use", id: "a", name: "f", input: {} }, 0),
      open({ type: "tool_use", id: "b", name: "g", input: {} }, 1),
      delta({ type: "input_json_delta", partial_json: '{"x":' }, 0),
      delta({ type: "input_json_delta", partial_json: '{"y":' }, 1),
      delta({ type: "input_json_delta", partial_json: "1}" }, 0),
      delta({ type: "input_json_delta", partial_json: "2}" }, 1),
      close(1),
      close(0),
      stop("tool_use"),
    ]);
    expect(toolCalls.map((call) => [call.id, call.name, call.arguments])).toEqual([
      ["b", "g", { y: 2 }],
      ["a", "f", { x: 1 }],
    ]);
  });

  it("reports text that is not JSON as a protocol error", () => {
    const decoder = messagesDecoder(target, { throughTool: false });
    expect(() => decoder.push("<html>", undefined, [])).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  it("reports a body without content as a protocol error", () => {
    const decoder = messagesDecoder(target, { throughTool: false });
    for (const body of [{}, null, "text", { content: null }]) {
      expect(() => decoder.body(body, [])).toThrow(expect.objectContaining({ code: "protocol_error" }));
    }
  });
});

describe("an answer through the JSON tool", () => {
  const answer = (input: Tree) =>
    answerOf([{ type: "tool_use", id: "toolu_1", name: "json_tool_call", input }], "tool_use");

  it("is plain text without a tool call", () => {
    const input = { n: 1, words: ["a"] };
    const { stream, body } = answer(input);
    const events = decode(
      stream.map((event) => event.data),
      true,
    );
    expect(foldEvents(events)).toMatchObject({ text: JSON.stringify(input), toolCalls: [], finishReason: "stop" });
    expect(events.filter((event) => event.type.startsWith("tool-call"))).toEqual([]);
    expect(events.filter((event) => event.type === "text-delta").length).toBeGreaterThan(1);
    const whole: FlowEvent[] = [];
    const decoder = messagesDecoder(target, { throughTool: true });
    decoder.body(body, whole);
    decoder.end(whole);
    expect(foldEvents(whole)).toMatchObject({ text: JSON.stringify(input), toolCalls: [], finishReason: "stop" });
  });

  it("replaces other text; the text is kept if the tool was not called", () => {
    const tool = [open({ type: "tool_use", id: "a", name: "json_tool_call", input: { n: 1 } }, 1), close(1)];
    expect(reply([start(), ...say("Here it is:"), ...tool, stop("tool_use")], true).text).toBe('{"n":1}');
    expect(reply([start(), ...say('{"n":2}'), stop("end_turn")], true).text).toBe('{"n":2}');
  });

  it("does not change calls of the caller's tools", () => {
    const own = [open({ type: "tool_use", id: "a", name: "weather", input: { city: "Rome" } }), close()];
    expect(reply([start(), ...own, stop("tool_use")], true)).toMatchObject({
      toolCalls: [{ name: "weather" }],
      finishReason: "tool-calls",
    });
  });
});

describe("a malformed message", () => {
  const thinks = (thinking: string, index = 0) => delta({ type: "thinking_delta", thinking }, index);
  const writes = (text: string, index = 0) => delta({ type: "text_delta", text }, index);
  const argues = (partial_json: string, index = 0) => delta({ type: "input_json_delta", partial_json }, index);
  const tool = (index = 0) => open({ type: "tool_use", id: "a", name: "f", input: {} }, index);
  const text = (index = 0) => open({ type: "text", text: "" }, index);
  const other = { ...start(), message: { ...start().message, id: "msg_2" } };

  it.each([
    ["text without the start of its block", [writes("lost"), close()]],
    ["thinking without the start of its block", [thinks("lost"), close()]],
    ["arguments without the start of their block", [argues('{"a":1}'), close()]],
    ["a signature without the start of its block", [delta({ type: "signature_delta", signature: "s" }), close()]],
    ["text after the end of its block", [...say("a"), writes("lost")]],
    ["arguments after the end of their block", [tool(), argues('{"a":'), close(), argues("1}")]],
    ["arguments in a block of text", [text(), argues('{"a":1}'), close()]],
    ["text in a block of a tool call", [tool(), writes("lost"), close()]],
    ["a block that begins again before its end", [tool(), tool(), close()]],
    ["another message", [...say("a"), other, ...say("b")]],
    ["a block that is repeated after a second start", [...say("a"), start(), ...say("a")]],
  ])("with %s is a protocol error", (_, events) => {
    expect(() => decode([start(), ...events, stop("end_turn")])).toThrow(
      expect.objectContaining({ code: "protocol_error" }),
    );
  });

  it.each([
    ["a block", say("again", 1)],
    ["text", [writes("again")]],
    ["a call", [tool(1), close(1)]],
    ["the same message", [start(), ...say("a"), stop("end_turn")]],
    ["another message", [other, ...say("b")]],
  ])("with %s after its end is a protocol error", (_, events) => {
    expect(() => decode([start(), ...say("a"), stop("end_turn"), ...events])).toThrow(
      expect.objectContaining({ code: "protocol_error" }),
    );
  });

  it("loses no content with a repeated block end, an empty delta, a reused index or a missing index", () => {
    const events = [...say("a"), close(), writes(""), ...say("b"), { type: "content_block_stop" }];
    expect(reply([start(), ...events, stop("end_turn"), close()]).text).toBe("ab");
  });

  const empty = { ...start(), message: { ...start().message, content: [{ type: "text", text: "" }] } };
  it.each([
    ["an empty block in the start of the message", [empty, ...say("a")]],
    ["a second start of the message after that of a block", [start(), text(), start(), ...say("a")]],
    ["a block that begins again before its text", [start(), text(), text(), ...say("a")]],
    ["an empty block after a second start", [start(), ...say("a"), start(), text(), close()]],
    ["an empty block after the end", [start(), ...say("a"), stop("end_turn"), text(1), close(1)]],
  ])("loses no content with %s", (_, events) => {
    expect(reply([...events, stop("end_turn")])).toMatchObject({ text: "a", finishReason: "stop" });
  });

  it.each([
    ["between others", [close(1), ...say("b", 2), stop("end_turn")]],
    ["at the end", [close(1), stop("end_turn")]],
    ["after the stop reason", [stop("end_turn"), close(1)]],
  ])("is rejected if only the end of a block arrives, %s", (_, events) => {
    expect(() => decode([start(), ...say("a"), ...events])).toThrow(
      expect.objectContaining({ code: "protocol_error", message: expect.stringContaining("block 1 ended") }),
    );
  });

  it("is rejected if text arrives for an empty block that cannot have text", () => {
    const refused = expect.objectContaining({ code: "protocol_error" });
    for (const events of [
      [...say("a"), stop("end_turn"), text(1), writes("b", 1)],
      [text(), writes("a"), text(), writes("b"), stop("end_turn")],
      [...say("a"), start(), text(), writes("b"), stop("end_turn")],
    ])
      expect(() => decode([start(), ...events])).toThrow(refused);
  });

  it("keeps a signature that comes after the end of its block, unless it differs or is too late", () => {
    const thought = [start(), open({ type: "thinking", thinking: "", signature: "" }), thinks("Hm."), close()];
    const signed = (signature: string) => delta({ type: "signature_delta", signature });
    for (const late of [[signed("s")], [signed("s"), signed("s"), ...say("a", 1), signed("s"), signed("")]]) {
      const { content } = reply([...thought, ...late, stop("end_turn")]).message;
      expect(content).toContainEqual({ type: "reasoning", text: "Hm.", signature: "s", owner: "anthropic" });
    }
    for (const late of [
      [signed("s"), ...say("a", 1), signed("t")],
      [...say("a", 1), signed("s")],
    ])
      expect(() => decode([...thought, ...late, stop("end_turn")])).toThrow(
        expect.objectContaining({ code: "protocol_error" }),
      );
  });

  it("joins the parts of a signature that come after the end of its block", () => {
    const thought = [start(), open({ type: "thinking", thinking: "", signature: "" }), thinks("Hm."), close()];
    const late = ["Eq", "QB", "+/="].map((signature) => delta({ type: "signature_delta", signature }));
    for (const rest of [
      [...late, ...say("a", 1), stop("end_turn")],
      [...late, stop("end_turn")],
      [stop("end_turn"), ...late],
    ]) {
      const events = decode([...thought, ...rest]);
      expect(events.filter(({ type }) => type === "signature")).toHaveLength(1);
      const { content } = foldEvents(events).message;
      expect(content).toContainEqual({ type: "reasoning", text: "Hm.", signature: "EqQB+/=", owner: "anthropic" });
    }
  });

  it("reports thinking deltas in a text block as reasoning", () => {
    const signed = delta({ type: "signature_delta", signature: "s" });
    const read = reply([start(), text(), thinks("Hm."), signed, close(), ...say("a", 1), stop("end_turn")]);
    expect(read).toMatchObject({ text: "a", reasoning: "Hm." });
  });

  it("uses the SSE event names if the data has no type", () => {
    const decoder = messagesDecoder(target, { throughTool: false });
    const events: FlowEvent[] = [];
    for (const { type, ...event } of [start(), ...say("a"), stop("end_turn")])
      decoder.push(JSON.stringify(event), type, events);
    decoder.end(events);
    expect(foldEvents(events).text).toBe("a");
  });

  it("ignores everything after message_stop or [DONE]", () => {
    for (const last of ['{"type":"message_stop"}', "[DONE]"]) {
      const decoder = messagesDecoder(target, { throughTool: false });
      const events: FlowEvent[] = [];
      for (const event of [start(), ...say("a"), stop("end_turn")])
        decoder.push(JSON.stringify(event), undefined, events);
      decoder.push(last, undefined, events);
      expect(decoder.done).toBe(true);
      for (const event of [other, ...say("b")]) decoder.push(JSON.stringify(event), undefined, events);
      decoder.end(events);
      expect(foldEvents(events)).toMatchObject({ text: "a", finishReason: "stop" });
    }
  });

  it("continues after a stop reason that came before all content", () => {
    const early = { ...start(), message: { ...start().message, stop_reason: "end_turn" } };
    expect(reply([early, ...say("a"), stop("max_tokens")])).toMatchObject({ text: "a", finishReason: "length" });
    expect(() => decode([early, ...say("a")])).toThrow(expect.objectContaining({ code: "stream_truncated" }));
  });
});

describe("a tool call of the messages API", () => {
  const whole = (block: Tree) => {
    const decoder = messagesDecoder(target, { throughTool: false });
    const events: FlowEvent[] = [{ type: "start", model: "m", provider: "anthropic" }];
    decoder.body(
      { id: "m", content: [{ type: "tool_use", id: "a", name: "f", ...block }], stop_reason: "tool_use" },
      events,
    );
    decoder.end(events);
    return foldEvents(events).toolCalls.map((one) => one.arguments);
  };
  const streamed = (pieces: readonly string[], block: Tree = {}) =>
    reply([
      start(),
      open({ type: "tool_use", id: "a", name: "f", input: {}, ...block }),
      ...pieces.map((partial_json) => delta({ type: "input_json_delta", partial_json })),
      close(),
      stop("tool_use"),
    ]).toolCalls.map((one) => one.arguments);

  it("has no arguments when these are null, absent or blank", () => {
    for (const input of [null, undefined, "", " ", "null"]) expect(whole({ input })).toEqual([{}]);
    for (const pieces of [[], [""], ["null"], ["{}"]]) expect(streamed(pieces)).toEqual([{}]);
  });

  it("joins arguments that start with {}, grow as snapshots or are repeated at the end", () => {
    for (const pieces of [
      ["{}", '{"a":', "1}"],
      ['{"a"', '{"a":1}'],
      ['{"a":', "1}", '{"a":1}'],
    ])
      expect(streamed(pieces)).toEqual([{ a: 1 }]);
  });

  it.each([[[1]], [5], [true], ["5"], ["[1]"], ["abc"]])("is rejected with the arguments %j", (input) => {
    const refused = expect.objectContaining({ code: "invalid_tool_call" });
    expect(() => whole({ input })).toThrow(refused);
    expect(() => streamed([typeof input === "string" ? input : JSON.stringify(input)])).toThrow(refused);
  });

  it("is rejected without a name", () => {
    for (const name of ["", null, undefined]) {
      const refused = expect.objectContaining({ code: "invalid_tool_call" });
      expect(() => whole({ name, input: {} })).toThrow(refused);
      expect(() => streamed(['{"a":1}'], { name })).toThrow(refused);
    }
  });
});

it("reports the output of the provider's tools as other output", () => {
  const search = open({ type: "server_tool_use", id: "s", name: "web_search", input: {} });
  const query = delta({ type: "input_json_delta", partial_json: '{"query":"x"}' });
  const events = decode([start(), search, query, close(), stop("pause_turn")]);
  expect(events.filter(({ type }) => type === "other-output")).toHaveLength(2);
  expect(foldEvents(events)).toMatchObject({ toolCalls: [], rawFinishReason: "pause_turn" });
});

describe("a message that does not end", () => {
  it.each([
    ["an error event", { type: "error", error: { type: "overloaded_error", message: "busy" } }, "overloaded"],
    ["an error that some proxy sends", { error: { type: "rate_limit_error", message: "slow down" } }, "rate_limited"],
  ])("but has an error in %s fails with it, also if an end follows", (_, error, code) => {
    expect(() => decode([start(), ...say("half"), error, stop("end_turn"), { type: "message_stop" }])).toThrow(
      expect.objectContaining({ code, provider: "anthropic" }),
    );
  });

  it("is stream_truncated and reports the prompt tokens", () => {
    const decoder = messagesDecoder(target, { throughTool: false });
    const events: FlowEvent[] = [];
    decoder.push(JSON.stringify(start({ input_tokens: 40, output_tokens: 1 })), undefined, events);
    expect(() => decoder.end(events)).toThrow(expect.objectContaining({ code: "stream_truncated" }));
    expect(events.at(-1)).toMatchObject({ type: "usage", usage: { input: 40 } });
  });
});
