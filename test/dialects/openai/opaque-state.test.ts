import { describe, expect, it } from "vitest";
import type { AssistantMessage, Message } from "../../../src/core/message.ts";
import type { Target } from "../../../src/core/target.ts";
import { encodeMessages } from "../../../src/dialects/anthropic/messages.ts";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { decodeChat } from "../../../src/dialects/openai/chat-decode.ts";
import { encodeChat } from "../../../src/dialects/openai/chat-encode.ts";
import { encodeResponses } from "../../../src/dialects/openai/responses-encode.ts";
import { threadMs } from "../../harness/thread-time.ts";
import { readAnswer, requestOf, targetOf } from "../contract.ts";

type Loose = Readonly<Record<string, unknown>>;

const host = targetOf({ provider: "host", dialect: "openai" });
const fn = { name: "f", arguments: '{"a":1}' };

function streamed(...deltas: Loose[]): AssistantMessage {
  const chunks = deltas.map((delta) => ({ id: "c", choices: [{ index: 0, delta, finish_reason: null }] }));
  const isCall = deltas.some((delta) => "tool_calls" in delta);
  const end = { id: "c", choices: [{ index: 0, delta: {}, finish_reason: isCall ? "tool_calls" : "stop" }] };
  const stream = [...chunks, end, "[DONE]"].map((data) => ({ data }));
  return readAnswer({ target: host, decoder: decodeChat }, { stream }, "stream").reply.message;
}

function whole(message: Loose): AssistantMessage {
  const body = {
    id: "c",
    choices: [{ index: 0, message, finish_reason: "tool_calls" in message ? "tool_calls" : "stop" }],
  };
  return readAnswer({ target: host, decoder: decodeChat }, { stream: [], body }, "body").reply.message;
}

function historyOf(message: AssistantMessage): Message[] {
  // Histories are usually stored as JSON.
  const stored = JSON.parse(JSON.stringify(message)) as AssistantMessage;
  const calls = typeof stored.content === "string" ? [] : stored.content.filter((part) => part.type === "tool-call");
  const results = calls.map(({ id }) => ({ type: "tool-result", id, content: "1" }) as const);
  const next: Message = results.length > 0 ? { role: "tool", content: results } : { role: "user", content: "Go on" };
  return [{ role: "user", content: "Hi" }, stored, next];
}

/** The assistant message of the next request, and the adjustments made to it. */
function sentBack(message: AssistantMessage, target: Target = host) {
  const { params, adjustments } = encodeChat(requestOf({ messages: historyOf(message) }), target, true);
  return { message: JSON.parse(JSON.stringify(params.messages[1])) as Loose, adjustments };
}

const DETAILS = [
  { type: "reasoning.text", text: "Let me think.", signature: "s+/==", format: "anthropic-claude-v1", index: 0 },
  { type: "reasoning.encrypted", data: "AY89/+==", id: "call_1", format: "google-gemini-v1", index: 0 },
  { type: "reasoning.encrypted", data: "AY90/+==", id: "call_2", format: "google-gemini-v1", index: 0 },
  { type: "reasoning.summary", summary: "Thought.", index: 1 },
];
const BLOCKS = [
  { type: "thinking", thinking: "Let me think.", signature: "s1+/==" },
  { type: "redacted_thinking", data: "r1+/==" },
  { type: "thinking", thinking: "More.", signature: "s2+/==" },
];
const CALL = { index: 0, id: "call_1", type: "function", function: fn };

describe("opaque state of a chat answer, sent back to its host", () => {
  it.each<[string, Loose]>([
    ["reasoning_details", { reasoning: "Let me think.", reasoning_details: DETAILS }],
    ["thinking_blocks", { reasoning_content: "Let me think.More.", thinking_blocks: BLOCKS }],
    ["reasoning_opaque", { reasoning_text: "Let me think.", reasoning_opaque: "o+/==" }],
    ["reasoning alone", { reasoning: "Let me think." }],
    ["provider_specific_fields", { provider_specific_fields: { thought_signatures: ["t+/=="], refusal: null } }],
    ["extra_content", { extra_content: { google: { thought_signature: "t+/==" } } }],
  ])("keeps %s of a body unchanged", (_, fields) => {
    const answer = sentBack(whole({ role: "assistant", content: "Done.", ...fields }));
    expect(answer.message).toEqual({ role: "assistant", content: "Done.", ...fields });
    expect(answer.adjustments).toEqual([]);
  });

  it("joins the fragments of reasoning_details into one entry per index", () => {
    const entry = (fields: Loose) => ({ reasoning_details: [{ type: "reasoning.text", index: 0, ...fields }] });
    const message = streamed(
      { reasoning: "Let me", ...entry({ text: "Let me", signature: null }) },
      { reasoning: " think.", ...entry({ text: " think." }) },
      entry({ signature: "s+/==", format: "anthropic-claude-v1" }),
      { reasoning_details: [{ type: "reasoning.summary", summary: "Tho", index: 1 }] },
      { reasoning_details: DETAILS.slice(1, 3), tool_calls: [CALL] },
      { reasoning_details: [DETAILS[1]] },
      { reasoning_details: [{ type: "reasoning.summary", summary: "ught.", index: 1 }] },
    );
    expect(message.content).toMatchObject([{ type: "reasoning", text: "Let me think." }, { type: "tool-call" }, {}]);
    const { reasoning_details: details } = sentBack(message).message;
    expect(details).toHaveLength(DETAILS.length);
    expect(details).toEqual(expect.arrayContaining(DETAILS));
  });

  it("starts a new entry for text after a signature, and does not duplicate a repeated entry", () => {
    const block = (fields: Loose) => ({ thinking_blocks: [{ type: "thinking", ...fields }] });
    const message = streamed(
      { reasoning_content: "Let me", ...block({ thinking: "Let me" }) },
      { reasoning_content: " think.", ...block({ thinking: " think." }) },
      block({ thinking: "", signature: "s1+/==" }),
      block({ thinking: "Let me think.", signature: "s1+/==" }),
      { thinking_blocks: [BLOCKS[1]] },
      { reasoning_content: "More.", ...block({ thinking: "More.", signature: "" }) },
      block({ signature: "s2+/==" }),
      { content: "Done." },
    );
    expect(sentBack(message).message["thinking_blocks"]).toEqual(BLOCKS);
  });

  it("emits reasoning that arrives in no other field", () => {
    const message = streamed(
      { reasoning_details: [DETAILS[0]] },
      { thinking_blocks: [BLOCKS[2]] },
      { content: "Done." },
    );
    expect(message.content).toMatchObject([{ type: "reasoning", text: "Let me think.More." }, { text: "Done." }, {}]);
    expect(sentBack(message).message).toEqual({
      role: "assistant",
      content: "Done.",
      reasoning_details: [DETAILS[0]],
      thinking_blocks: [BLOCKS[2]],
    });
  });

  it.each(["google", "vertex"])("restores extra_content.%s of a call, whichever fragment contained it", (vendor) => {
    const extra_content = { [vendor]: { thought_signature: "AY89/+==" } };
    const expected = [{ id: "call_1", type: "function", function: fn, extra_content }];
    const { index: _, ...call } = CALL;
    for (const message of [
      whole({ content: null, tool_calls: [{ ...call, extra_content }] }),
      streamed({ tool_calls: [{ ...CALL, extra_content }] }),
      streamed({ tool_calls: [CALL] }, { tool_calls: [{ index: 0, extra_content }] }),
    ]) {
      expect(sentBack(message).message["tool_calls"]).toEqual(expected);
      expect(message.content).toMatchObject([{ type: "tool-call", owner: "host" }]);
    }
  });

  it("restores the state of each call when there are several", () => {
    const state = (thought_signature: string) => ({ provider_specific_fields: { thought_signature } });
    const two = { index: 1, id: "call_2", type: "function", function: { ...fn, ...state("b") } };
    const sent = sentBack(streamed({ tool_calls: [{ ...CALL, ...state("a") }, two] })).message["tool_calls"];
    expect(sent).toMatchObject([
      { id: "call_1", ...state("a") },
      { id: "call_2", function: { ...fn, ...state("b") } },
    ]);
  });

  it("restores thinking chunks as chunks with their extra fields, and adds no other field", () => {
    const chunk = (text: string, more: Loose = {}) => ({
      type: "thinking",
      thinking: [{ type: "text", text }],
      ...more,
    });
    const content = [chunk("Let me think.", { closed: true }), { type: "text", text: "Done." }];
    const stream = streamed(
      { content: [chunk("Let me")] },
      { content: [chunk(" think.", { closed: true })] },
      { content: "Done." },
    );
    for (const message of [whole({ content }), stream]) {
      expect(sentBack(message).message).toEqual({ role: "assistant", content });
    }
  });

  it("drops fields that contain no state", () => {
    const fields = {
      reasoning_details: [],
      provider_specific_fields: { refusal: null },
      extra_content: {},
      reasoning: "",
    };
    expect(whole({ content: "Done.", ...fields }).content).toBe("Done.");
    const mark = { extra_content: { google: { thought: true } } };
    expect(streamed({ content: "Done.", ...mark }).content).toBe("Done.");
  });
});

describe("opaque state of a chat answer, for other targets", () => {
  const message = whole({
    content: "Done.",
    reasoning: "Secret.",
    reasoning_details: [{ type: "reasoning.text", text: "Secret.", signature: "s+/==", index: 0 }],
    tool_calls: [
      { id: "call_1", type: "function", function: fn, extra_content: { google: { thought_signature: "s+/==" } } },
    ],
  });
  const messages = historyOf(message);
  const settings = { tools: [{ name: "f", parameters: { type: "object" } }] };

  it("is not sent to another provider with the same dialect, and is reported once", () => {
    const { message: sent, adjustments } = sentBack(message, targetOf({ provider: "other", dialect: "openai" }));
    expect(sent).toEqual({
      role: "assistant",
      content: "Done.",
      tool_calls: [{ id: "call_1", type: "function", function: fn }],
    });
    expect(adjustments).toMatchObject([
      { setting: "messages", from: "reasoning and signatures of host", to: undefined },
    ]);
  });

  it.each([
    ["messages", (target: Target, report: never) => encodeMessages(messages, target, report)],
    ["google", (target: Target) => encodeGenerate(requestOf({ messages, settings }), target)],
    ["responses", (target: Target) => encodeResponses(requestOf({ messages, settings }), target, true)],
  ] as const)("is not sent in the %s dialect of the same provider", (dialect, encode) => {
    const reported: unknown[] = [];
    const report = ((...change: unknown[]) => reported.push(change)) as never;
    const encoded = encode(targetOf({ provider: "host", dialect }), report) as { adjustments?: unknown[] };
    expect(JSON.stringify(encoded)).not.toMatch(/Secret|s\+\/==/);
    expect(JSON.stringify([...reported, ...(encoded.adjustments ?? [])])).toContain("reasoning and signatures of host");
  });

  it("is not sent when another dialect of the same provider signed it", () => {
    const signed: AssistantMessage = {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Secret.", signature: "EqQBCg==", owner: "host" },
        { type: "text", text: "Done." },
      ],
    };
    const answer = sentBack(signed);
    expect(answer.message).toEqual({ role: "assistant", content: "Done." });
    expect(answer.adjustments).toHaveLength(1);
  });
});

describe("many opaque entries", () => {
  const encrypted = (at: number) => ({ type: "reasoning.encrypted", index: at, data: `d${at}` });

  it.each<[string, (at: number) => Loose]>([
    ["each under its own index", encrypted],
    ["under one index", (at) => ({ ...encrypted(at), index: 0 })],
    ["of text with ids", (at) => ({ type: "reasoning.text", index: at, id: `r${at}`, text: "a", signature: "s" })],
  ])("are read in linear time: 20,000 %s", (_, entryAt) => {
    const deltas = Array.from({ length: 20_000 }, (__, at) => ({ reasoning_details: [entryAt(at)] }));
    const before = threadMs();
    const { content } = streamed(...deltas, { content: "Done." });
    expect(threadMs() - before).toBeLessThan(2_000);
    const states = (content as readonly { signature?: string }[]).flatMap(({ signature }) =>
      signature?.startsWith("{") === true ? [JSON.parse(signature) as { reasoning_details: unknown[] }] : [],
    );
    expect(states.map(({ reasoning_details: entries }) => entries.length)).toEqual([20_000]);
  });
});
