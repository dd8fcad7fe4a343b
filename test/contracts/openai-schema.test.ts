import { expect, it } from "vitest";
import { describeWith } from "../harness/needs.ts";
import * as openai from "../harness/openai-schema.ts";

const chat = (message: object, more: object = {}) => ({
  model: "gpt-5.4",
  messages: [{ role: "user", ...message }],
  ...more,
});

describeWith("contracts", "the check against OpenAI's description", () => {
  it("accepts valid requests", () => {
    openai.validateChatRequest(chat({ content: "Hi" }, { temperature: 1, stop: ["a"] }));
    openai.validateResponsesRequest({ model: "gpt-5.4", input: [{ role: "user", content: "Hi" }], store: false });
    expect.assertions(0);
  });

  it.each([
    ["an unknown field", chat({ content: "Hi" }, { top_k: 1 })],
    ["an unknown field of a message", chat({ content: "Hi", mood: "good" })],
    ["an unknown field deep inside", chat({ content: [{ type: "image_url", image_url: { url: "x", size: 1 } }] })],
    ["a value out of range", chat({ content: "Hi" }, { temperature: 3 })],
    ["a missing field", { model: "gpt-5.4" }],
  ])("rejects a chat request with %s", (_, body) => {
    expect(() => openai.validateChatRequest(body)).toThrow(/not a legal/);
  });

  it.each([
    ["an unknown field", { model: "gpt-5.4", input: "Hi", seed: 1 }],
    [
      "an unknown field of an item",
      { model: "gpt-5.4", input: [{ type: "function_call", call_id: "c", name: "f", arguments: "{}", x: 1 }] },
    ],
    ["a value out of range", { model: "gpt-5.4", input: "Hi", max_output_tokens: 1 }],
  ])("rejects a responses request with %s", (_, body) => {
    expect(() => openai.validateResponsesRequest(body)).toThrow(/not a legal/);
  });

  it("also validates responses", () => {
    const message = { role: "assistant", content: "Hi", refusal: null };
    const choice = { index: 0, message, finish_reason: "stop", logprobs: null };
    const body = { id: "c", object: "chat.completion", created: 1, model: "m", choices: [choice] };
    openai.validateChatResponse(body);
    expect(() => openai.validateChatResponse({ ...body, choices: [{ ...choice, finish_reason: "eos" }] })).toThrow(
      /finish_reason/,
    );
  });
});
