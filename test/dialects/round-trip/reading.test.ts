import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/core/message.ts";
import type { Json } from "../../../src/dialects/served/json.ts";
import { Rejection } from "../../../src/dialects/served/problem.ts";
import type { ServedRequest } from "../../../src/dialects/served/served-request.ts";
import type { Wire } from "../../harness/wires.ts";
import { PIXEL } from "../contract.ts";
import { REQUEST_WIRES } from "./wires.ts";

const read = (wire: Wire, body: Json, more: object = {}) => {
  return REQUEST_WIRES[wire].read({ body: { model: "m", ...body }, owner: "host", ...more });
};
/** What a target of another wire format does not get as it was sent. */
const changesOf = ({ adjustments, sameWire }: ServedRequest) => [...adjustments, ...sameWire.losses];
const messagesOf = (wire: Wire, body: Json): readonly Message[] => read(wire, body).request.messages;
const user = { role: "user", content: "Hi" };
const parameters = { type: "object", properties: {} };

describe("requests in forms that our encoders do not send", () => {
  it("are read from a chat completions body", () => {
    const { request, sameWire, stream } = read("openai", {
      messages: [
        { role: "developer", content: [{ type: "text", text: "Be brief." }] },
        {
          role: "user",
          content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}`, detail: "low" } }],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "c1", type: "custom", custom: { name: "run", input: "ls" } },
            { id: "c2", type: "function", function: { name: "f", arguments: "" } },
          ],
        },
        { role: "tool", tool_call_id: "c1", content: "a.txt" },
        { role: "tool", tool_call_id: "c2", content: [{ type: "text", text: "done" }] },
        { role: "assistant", content: null, refusal: "I cannot." },
        { role: "user", content: "Why?" },
      ],
      stream: true,
      stop: "END",
      max_tokens: 5,
      reasoning: { effort: "low" },
      store: true,
    });
    expect(request.messages).toEqual([
      { role: "system", content: [{ type: "text", text: "Be brief." }] },
      { role: "user", content: [{ type: "image", data: PIXEL, mediaType: "image/png", detail: "low" }] },
      {
        role: "assistant",
        content: [
          { type: "tool-call", kind: "custom", id: "c1", name: "run", arguments: { input: "ls" } },
          { type: "tool-call", id: "c2", name: "f", arguments: {} },
        ],
      },
      { role: "tool", content: [{ type: "tool-result", id: "c1", content: "a.txt" }] },
      { role: "tool", content: [{ type: "tool-result", id: "c2", content: [{ type: "text", text: "done" }] }] },
      { role: "assistant", content: "I cannot." },
      { role: "user", content: "Why?" },
    ]);
    expect(request.settings).toEqual({ stop: ["END"], maxNewTokens: 5, reasoningEffort: "low" });
    expect(stream).toBe(true);
    expect(sameWire).toMatchObject({ body: { store: true }, losses: [{ setting: "store", from: true }] });
  });

  it("are read from a responses body, with the previous conversation", () => {
    const kept = [
      { role: "user", content: "Hi" },
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "sealed" },
      {
        id: "msg_1",
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: "Hello.", annotations: [] }],
      },
    ];
    const body = { instructions: "Be brief.", previous_response_id: "resp_1", input: "And now?" };
    const { request } = read("openai-responses", body, { history: new Map([["resp_1", kept]]) });
    const signature = JSON.stringify({ id: "rs_1", summary: [], encrypted_content: "sealed" });
    expect(request.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "", signature, owner: "host" },
          { type: "text", text: "Hello." },
        ],
      },
      { role: "user", content: "And now?" },
    ]);
  });

  it("are read from a messages body", () => {
    const { request } = read("anthropic", {
      max_tokens: 100,
      system: "Be brief.",
      messages: [
        user,
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "t1", name: "f", input: { a: 1 } }],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "t1", content: "no", is_error: true },
            { type: "text", text: "Go on", cache_control: { type: "ephemeral", ttl: "1h" } },
          ],
        },
      ],
      thinking: { type: "adaptive" },
      output_config: { effort: "xhigh" },
      tools: [{ name: "f", input_schema: parameters, cache_control: { type: "ephemeral", ttl: "1h" } }],
    });
    expect(request.messages.slice(2)).toEqual([
      {
        role: "assistant",
        content: [{ type: "tool-call", id: "t1", name: "f", arguments: { a: 1 } }],
      },
      { role: "tool", content: [{ type: "tool-result", id: "t1", content: "no", error: true }] },
      { role: "user", content: [{ type: "text", text: "Go on", cache: true }] },
    ]);
    expect(request.settings).toMatchObject({
      reasoningEffort: "xhigh",
      promptCache: { ttl: "1h", points: ["tools"] },
    });
  });

  it("are read from a generateContent body in camelCase or snake_case, with calls without ids", () => {
    const { request } = read("google", {
      system_instruction: { parts: [{ text: "Be brief." }] },
      contents: [
        { parts: [{ text: "Look: " }, { inline_data: { mime_type: "image/png", data: PIXEL } }] },
        { role: "model", parts: [{ functionCall: { name: "f", args: { snake_case: 1 } } }] },
        { role: "user", parts: [{ functionResponse: { name: "f", response: { temperature: 7 } } }] },
      ],
      tools: [{ function_declarations: [{ name: "f", parameters: { type: "OBJECT", nullable: true } }] }],
      generation_config: { max_output_tokens: 9, response_mime_type: "application/json" },
    });
    expect(request.messages).toEqual([
      { role: "system", content: [{ type: "text", text: "Be brief." }] },
      {
        role: "user",
        content: [
          { type: "text", text: "Look: " },
          { type: "image", data: PIXEL, mediaType: "image/png" },
        ],
      },
      { role: "assistant", content: [{ type: "tool-call", id: "call_0", name: "f", arguments: { snake_case: 1 } }] },
      { role: "tool", content: [{ type: "tool-result", id: "call_0", name: "f", content: '{"temperature":7}' }] },
    ]);
    expect(request.settings).toEqual({
      maxNewTokens: 9,
      responseFormat: { type: "json_object" },
      tools: [{ name: "f", parameters: { type: ["object", "null"] } }],
    });
  });

  it.each<[Wire, Json, unknown]>([
    [
      "openai",
      {
        messages: [user],
        tools: ["f", "g"].map((name) => ({ type: "function", function: { name, parameters } })),
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "g" } }] },
        },
      },
      "tool_choice",
    ],
    [
      "openai-responses",
      {
        input: "Hi",
        tools: ["f", "g"].map((name) => ({ type: "function", name, parameters })),
        tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "g" }] },
      },
      "tool_choice",
    ],
    [
      "google",
      {
        contents: [{ parts: [{ text: "Hi" }] }],
        tools: [{ functionDeclarations: ["f", "g", "h"].map((name) => ({ name })) }],
        toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["g", "h"] } },
      },
      "toolConfig.functionCallingConfig.allowedFunctionNames",
    ],
  ])("omits tools that are not allowed for other wire formats, and reports it, on %s", (wire, body, setting) => {
    const { request, sameWire } = read(wire, body);
    expect(request.settings.toolChoice).toBe("required");
    expect(request.settings.tools?.map(({ name }) => name)).not.toContain("f");
    expect(sameWire).toMatchObject({ losses: [{ setting }], body: { tools: body["tools"] } });
  });

  it.each<[Wire, Json, readonly string[]]>([
    ["openai", { messages: [{ ...user, extra: 1 }], moderation: {} }, ["messages[0].extra", "moderation"]],
    ["openai-responses", { input: [{ ...user, extra: 1 }], truncation: "auto" }, ["input[0].extra", "truncation"]],
    ["anthropic", { messages: [user], max_tokens: 1, container: "c" }, ["container"]],
    [
      "google",
      { contents: [{ parts: [{ text: "Hi" }], extra: 1 }], safetySettings: [] },
      ["contents[0].extra", "safetySettings"],
    ],
  ])("reports unsupported fields at any depth, on %s", (wire, body, paths) => {
    expect(changesOf(read(wire, body)).map(({ setting }) => setting)).toEqual(paths);
  });

  it.each<[Wire, Json, string]>([
    ["openai", { messages: [user], temperature: "hot" }, "temperature"],
    ["openai", { messages: [{ role: "user", content: [{ type: "text", text: 5 }] }] }, "messages[0].content[0].text"],
    ["openai-responses", { input: [{ type: "item_reference", id: "i" }] }, "input[0].type"],
    ["anthropic", { messages: [{ role: "robot", content: "Hi" }], max_tokens: 1 }, "messages[0].role"],
    ["google", { contents: [{ parts: [{ text: 5 }] }] }, "contents[0].parts[0].text"],
  ])("rejects invalid fields with their path, on %s", (wire, body, param) => {
    const refused = () => messagesOf(wire, body);
    expect(refused).toThrow(Rejection);
    expect(refused).toThrow(expect.objectContaining({ problem: expect.objectContaining({ kind: "invalid", param }) }));
  });
});
