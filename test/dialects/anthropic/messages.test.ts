import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Adjustment } from "../../../src/core/attempt.ts";
import { isModelError } from "../../../src/core/error.ts";
import type { AssistantMessage, Message } from "../../../src/core/message.ts";
import { encodeMessagesRequest } from "../../../src/dialects/anthropic/encode.ts";
import { checkMessagesBody } from "../../harness/check-messages-body.ts";
import { PIXEL, requestOf, targetOf } from "../contract.ts";
import { call, history, result } from "../histories.ts";

const target = targetOf({ provider: "anthropic", dialect: "anthropic" });

function encode(messages: readonly Message[]) {
  const { params, adjustments } = encodeMessagesRequest(requestOf({ messages }), target, false);
  return { system: params.system, messages: params.messages, adjustments: adjustments as Adjustment[] };
}

const withCalls = (...ids: string[]): AssistantMessage => ({ role: "assistant", content: ids.map((id) => call(id)) });

describe("the message normaliser", () => {
  it("creates a valid body from any history whose calls are answered", () => {
    fc.assert(
      fc.property(history, (messages) => {
        expect(checkMessagesBody(encodeMessagesRequest(requestOf({ messages }), target, false).params)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps all visible text and all signatures of this provider, in order", () => {
    fc.assert(
      fc.property(history, (messages) => {
        const signatures = messages.flatMap((message) =>
          message.role === "assistant" && typeof message.content !== "string"
            ? message.content.flatMap((part) =>
                part.type === "reasoning" && part.owner === "anthropic" ? [part.signature] : [],
              )
            : [],
        );
        const encoded = encode(messages).messages.flatMap((message) =>
          typeof message.content === "string" ? [] : message.content,
        );
        const sent = encoded.flatMap((block) =>
          block.type === "thinking" ? [block.signature] : block.type === "redacted_thinking" ? [block.data] : [],
        );
        expect(sent).toEqual(signatures);
      }),
    );
  });

  it("rejects a call without a result and names it", () => {
    const messages: Message[] = [{ role: "user", content: "x" }, withCalls("toolu_7"), { role: "user", content: "y" }];
    expect(() => encode(messages)).toThrow(/toolu_7/);
    expect(() => encode(messages.slice(0, 2))).toThrow(/toolu_7/);
  });

  it("rejects a result without a call and names it", () => {
    try {
      encode([
        { role: "user", content: "x" },
        { role: "tool", content: [result("toolu_9")] },
      ]);
      expect.unreachable();
    } catch (error) {
      expect(isModelError(error, "invalid_request")).toBe(true);
      expect(String(error)).toContain("toolu_9");
    }
  });

  it("puts the results of parallel calls into one user turn, in the order of the calls, before the text", () => {
    const { messages } = encode([
      { role: "user", content: "x" },
      withCalls("a", "b"),
      { role: "tool", content: [result("b", "2")] },
      { role: "tool", content: [result("a", "1")] },
      { role: "user", content: "and?" },
    ]);
    expect(messages[2]).toEqual({
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "1" }] },
        { type: "tool_result", tool_use_id: "b", content: [{ type: "text", text: "2" }] },
        { type: "text", text: "and?" },
      ],
    });
  });

  it("merges consecutive user messages without losing the image", () => {
    const { messages } = encode([
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image", data: PIXEL, mediaType: "image/png" },
        ],
      },
      { role: "user", content: "what is it?" },
    ]);
    expect(messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
          { type: "text", text: "what is it?" },
        ],
      },
    ]);
  });

  it("moves every system message to `system`, and reports one inside the conversation", () => {
    const { system, messages, adjustments } = encode([
      { role: "system", content: "One." },
      { role: "user", content: "x" },
      { role: "system", content: "Two." },
    ]);
    expect(system).toEqual([
      { type: "text", text: "One." },
      { type: "text", text: "Two." },
    ]);
    expect(messages).toHaveLength(1);
    expect(adjustments).toMatchObject([{ setting: "messages[2]", to: "the system instructions" }]);
  });

  it("moves the image of a failed result behind all results, and reports it", () => {
    const image = { type: "image", data: "iVBORw0KGgo=", mediaType: "image/png" } as const;
    const call = (id: string) => ({ type: "tool-call", id, name: "look", arguments: {} }) as const;
    const { messages, adjustments } = encode([
      { role: "user", content: "x" },
      { role: "assistant", content: [call("a"), call("b")] },
      {
        role: "tool",
        content: [
          { type: "tool-result", id: "a", content: [image], error: true },
          { type: "tool-result", id: "b", content: [image] },
        ],
      },
    ]);
    expect(messages[2]?.content).toMatchObject([
      { type: "tool_result", tool_use_id: "a", is_error: true, content: [{ type: "text" }] },
      { type: "tool_result", tool_use_id: "b", content: [{ type: "image" }] },
      { type: "text", text: "Image in the result of tool call a:" },
      { type: "image" },
    ]);
    expect(adjustments).toContainEqual(expect.objectContaining({ from: "an image in a tool result" }));
  });

  it("inserts a user message at the start and reports it", () => {
    const { messages, adjustments } = encode([
      { role: "assistant", content: "Hello" },
      { role: "user", content: "x" },
    ]);
    expect(messages[0]).toEqual({ role: "user", content: [{ type: "text", text: "." }] });
    expect(adjustments).toMatchObject([{ setting: "messages", to: "." }]);
  });

  it("trims the end of a final assistant message and reports it", () => {
    const { messages, adjustments } = encode([
      { role: "user", content: "x" },
      { role: "assistant", content: "{ \n" },
    ]);
    expect(messages[1]).toEqual({ role: "assistant", content: [{ type: "text", text: "{" }] });
    expect(adjustments).toHaveLength(1);
  });

  it("gives calls valid ids, unique for each call and equal for its results", () => {
    const { messages } = encode([
      { role: "user", content: "x" },
      withCalls("a.b", "a_b"),
      { role: "tool", content: [result("a_b", "2"), result("a.b", "1")] },
      withCalls("a.b"),
      { role: "tool", content: [result("a.b", "3")] },
    ]);
    const sent = messages.flatMap((message) => (typeof message.content === "string" ? [] : message.content));
    const used = sent.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
    const answered = sent.flatMap((block) =>
      block.type === "tool_result" ? [[block.tool_use_id, block.content]] : [],
    );
    expect(used).toEqual(["a_b", "a_b_2", "a_b_3"]);
    expect(answered.map(([id]) => id)).toEqual(used);
    expect(JSON.stringify(answered)).toMatch(/"1".*"2".*"3"/);
  });

  it("does not send reasoning of another provider or without a signature", () => {
    const { messages } = encode([
      { role: "user", content: "x" },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "foreign", signature: "s", owner: "google" },
          { type: "reasoning", text: "unsigned" },
          { type: "reasoning", text: "", signature: "blob", owner: "anthropic", redacted: true },
          { type: "text", text: "answer" },
        ],
      },
      { role: "user", content: "y" },
    ]);
    expect(messages[1]?.content).toEqual([
      { type: "redacted_thinking", data: "blob" },
      { type: "text", text: "answer" },
    ]);
  });

  it("sends images as URLs and data, PDF and text files as documents", () => {
    const { messages } = encode([
      {
        role: "user",
        content: [
          { type: "image", url: "https://example.com/a.png" },
          { type: "image", url: `data:image/png;base64,${PIXEL}` },
          { type: "file", data: "JVBERi0=", mediaType: "application/pdf", filename: "a.pdf" },
          { type: "file", url: "https://example.com/b.pdf" },
          { type: "file", data: Buffer.from("grüße").toString("base64"), mediaType: "text/markdown" },
        ],
      },
    ]);
    expect(messages[0]?.content).toEqual([
      { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
      { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" }, title: "a.pdf" },
      { type: "document", source: { type: "url", url: "https://example.com/b.pdf" } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "grüße" } },
    ]);
  });

  it("rejects audio and files that the wire does not support", () => {
    const audio: Message = { role: "user", content: [{ type: "audio", data: "AA==", mediaType: "audio/wav" }] };
    const zip: Message = { role: "user", content: [{ type: "file", data: "AA==", mediaType: "application/zip" }] };
    for (const message of [audio, zip]) {
      expect(() => encode([message])).toThrow(expect.objectContaining({ code: "unsupported" }));
    }
  });
});
