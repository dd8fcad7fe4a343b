import type { LanguageModelV4Prompt } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import type { ToolResultPart } from "../../src/index.ts";
import { messagesOf } from "../../src/interop/ai-sdk/prompt.ts";
import { languageModel } from "../../src/interop/ai-sdk.ts";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES } from "../harness/wires.ts";
import { modelThat } from "./conversation.ts";

const read = (prompt: LanguageModelV4Prompt) => {
  const warnings: never[] = [];
  return { messages: messagesOf(prompt, warnings), warnings };
};
const cached = { modelwright: { cache: true } };
const PDF = { type: "file", mediaType: "application/pdf", filename: "a.pdf" } as const;

describe("a prompt of the AI SDK", () => {
  it("keeps texts, files in every form, and cache marks", () => {
    const { messages } = read([
      { role: "system", content: "Be brief.", providerOptions: cached },
      {
        role: "user",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: "two" },
          { type: "file", mediaType: "image/png", data: { type: "data", data: new Uint8Array([1, 2, 3]) } },
          { type: "file", mediaType: "image/*", data: { type: "url", url: new URL("https://host/a.png") } },
          { type: "file", mediaType: "audio/wav", data: { type: "data", data: "AQID" } },
          { ...PDF, data: { type: "data", data: "AQID" } },
          { type: "file", mediaType: "text/plain", data: { type: "text", text: "inline" } },
        ],
        providerOptions: cached,
      },
    ]);
    expect(messages).toEqual([
      { role: "system", content: [{ type: "text", text: "Be brief.", cache: true }] },
      {
        role: "user",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: "two" },
          { type: "image", data: "AQID", mediaType: "image/png" },
          { type: "image", url: "https://host/a.png" },
          { type: "audio", data: "AQID", mediaType: "audio/wav" },
          { type: "file", data: "AQID", mediaType: "application/pdf", filename: "a.pdf" },
          { type: "text", text: "inline", cache: true },
        ],
      },
    ]);
  });

  it("keeps every kind of tool result", () => {
    const result = (toolCallId: string, output: unknown) => ({
      type: "tool-result",
      toolCallId,
      toolName: "f",
      output,
    });
    const outputs = [
      { type: "text", value: "plain" },
      { type: "json", value: { a: 1 } },
      { type: "error-text", value: "broken" },
      { type: "error-json", value: [1] },
      { type: "execution-denied", reason: "not today" },
      {
        type: "content",
        value: [
          { type: "text", text: "see" },
          { type: "file", mediaType: "image/png", data: { type: "data", data: "AQID" } },
          { type: "custom" },
        ],
      },
    ];
    const { messages, warnings } = read([
      { role: "tool", content: outputs.map((output, index) => result(`c${index}`, output)) as never },
    ]);
    const content = messages[0]?.content as readonly ToolResultPart[];
    expect(content.map(({ type: _, name: __, id: ___, ...rest }) => rest)).toEqual([
      { content: "plain" },
      { content: '{"a":1}' },
      { content: "broken", error: true },
      { content: "[1]", error: true },
      { content: "not today", error: true },
      {
        content: [
          { type: "text", text: "see" },
          { type: "image", data: "AQID", mediaType: "image/png" },
        ],
      },
    ]);
    expect(warnings).toMatchObject([{ type: "unsupported", feature: "a custom part of a tool result" }]);
  });

  it("moves results of a provider's own tools behind their calls, and joins reasoning with its answer", () => {
    const call = { type: "tool-call", toolCallId: "c1", toolName: "search", input: { q: "x" } } as const;
    const { messages, warnings } = read([
      { role: "assistant", content: [{ type: "reasoning", text: "hm" }] },
      {
        role: "assistant",
        content: [
          { ...call, providerExecuted: true },
          { type: "tool-result", toolCallId: "c1", toolName: "search", output: { type: "text", value: "found" } },
          { type: "text", text: "There." },
          { type: "custom", kind: "other.thing" },
        ],
      },
    ]);
    expect(messages).toEqual([
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm" },
          { type: "tool-call", id: "c1", name: "search", arguments: { q: "x" } },
        ],
      },
      { role: "tool", content: [{ type: "tool-result", id: "c1", name: "search", content: "found" }] },
      { role: "assistant", content: [{ type: "text", text: "There." }] },
    ]);
    expect(warnings).toMatchObject([{ type: "unsupported", feature: "other.thing" }]);
  });

  it.each([
    ["a file by the id that a provider gave it", { ...PDF, data: { type: "reference", reference: { openai: "f1" } } }],
    ["audio by URL", { type: "file", mediaType: "audio/wav", data: { type: "url", url: new URL("https://host/a") } }],
  ])("with %s is refused, and nothing is sent", async (what, part) => {
    const { model, server } = await modelThat("openai", []);
    const asked = languageModel(model).doGenerate({ prompt: [{ role: "user", content: [part as never] }] });
    await expect(asked).rejects.toMatchObject({ code: "unsupported", message: expect.stringContaining(what) });
    expect(server.requests).toHaveLength(0);
  });
});

it.each(WIRES)("files by URL are left to the provider where the %s wire has them", async (wire) => {
  const { model } = await modelThat(wire, []);
  const types = wire === "openai" ? ["image/*"] : ["image/*", "application/pdf"];
  expect(Object.keys(await languageModel(model).supportedUrls)).toEqual(types);
});

describe("a malformed prompt", () => {
  const user = (...content: unknown[]) => ({ role: "user", content });
  const file = (more: object) => user({ type: "file", mediaType: "image/png", ...more });
  it.each([
    ["prompt: expected an array", null],
    ["prompt[0]: expected an object, got null", [null]],
    ["prompt[0]: unknown role", [{ role: "x", content: [] }]],
    ["prompt[0].content: expected an array", [{ role: "user", content: 1 }]],
    ["prompt[0].content[1]: expected an object", [user({ type: "text", text: "Hi" }, null)]],
    ['prompt[0].content[0]: unknown part type "image"', [user({ type: "image" })]],
    ["prompt[0].content[0].data: expected an object", [file({})]],
    ["prompt[0].content[0].mediaType: expected a string", [file({ mediaType: undefined, data: {} })]],
    ["prompt[0].content[0].data.data: expected a string", [file({ data: { type: "data", data: 7 } })]],
    ["prompt[0].content[0].data.url: expected an object", [file({ data: { type: "url", url: null } })]],
    ["prompt[0].content[0].output: expected", [{ role: "tool", content: [{ type: "tool-result", output: null }] }]],
    [
      "prompt[0].content[0].output.value: expected a value that JSON can represent, got bigint",
      [{ role: "tool", content: [{ type: "tool-result", output: { type: "json", value: 1n } }] }],
    ],
  ])("is refused with its place: %s", async (words, prompt) => {
    const { model, server } = await modelThat("openai", []);
    const error = await failureOf(languageModel(model).doGenerate({ prompt: prompt as never }));
    expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(words) });
    expect(server.requests).toHaveLength(0);
  });
});

it.each([
  ["tools[0]: expected an object, got null", [null]],
  ["tools[0].inputSchema: expected an object", [{ type: "function", name: "f" }]],
])("a malformed tool is refused with its place: %s", async (words, tools) => {
  const { model, server } = await modelThat("openai", []);
  const prompt: LanguageModelV4Prompt = [{ role: "user", content: [{ type: "text", text: "Hi" }] }];
  const error = await failureOf(languageModel(model).doGenerate({ prompt, tools: tools as never }));
  expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(words) });
  expect(server.requests).toHaveLength(0);
});
