import { describe, expect, it } from "vitest";
import { WIRES, type Wire } from "../harness/wires.ts";
import { CHAT, type World, world } from "./world.ts";

const PROMPT = "Call weather for Oslo.";
const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const MORE = `[models.signing]\nbase_url = "BASE"\napi_key = "test-key"\nname = "gemini-3-pro-preview"\nprovider = "google"\n`;

type Json = Readonly<Record<string, unknown>>;

/** A question with reasoning, and the next request with the answer as the client got it and the result of its call. */
const LOOPS: Readonly<
  Record<Wire, (ask: (path: string, body: Json) => Promise<Json>, model: string) => Promise<void>>
> = {
  async openai(ask, model) {
    const tools = [{ type: "function", function: { name: "weather", parameters: CITY } }];
    const user = { role: "user", content: PROMPT };
    const request = { model, reasoning_effort: "high", tools };
    const first = await ask(CHAT, { ...request, messages: [user] });
    const message = (first.choices as { message: { tool_calls: { id: string }[] } }[])[0]?.message;
    const id = message?.tool_calls[0]?.id;
    await ask(CHAT, { ...request, messages: [user, message, { role: "tool", tool_call_id: id, content: "snow" }] });
  },
  async "openai-responses"(ask, model) {
    const tools = [{ type: "function", name: "weather", parameters: CITY }];
    const user = { role: "user", content: PROMPT };
    const include = ["reasoning.encrypted_content"];
    const request = { model, reasoning: { effort: "high", summary: "auto" }, include, store: false, tools };
    const { output } = await ask("/v1/responses", { ...request, input: [user] });
    const items = output as { type: string; call_id: string }[];
    const call_id = items.find(({ type }) => type === "function_call")?.call_id;
    const result = { type: "function_call_output", call_id, output: "snow" };
    await ask("/v1/responses", { ...request, input: [user, ...items, result] });
  },
  async anthropic(ask, model) {
    const tools = [{ name: "weather", input_schema: CITY }];
    const user = { role: "user", content: PROMPT };
    const request = { model, max_tokens: 4_000, thinking: { type: "enabled", budget_tokens: 2_000 }, tools };
    const { content } = await ask("/v1/messages", { ...request, messages: [user] });
    const blocks = content as { type: string; id: string }[];
    const id = blocks.find(({ type }) => type === "tool_use")?.id;
    const result = { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "snow" }] };
    await ask("/v1/messages", { ...request, messages: [user, { role: "assistant", content }, result] });
  },
  async google(ask, model) {
    const path = `/v1beta/models/${model}:generateContent`;
    const tools = [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: CITY }] }];
    const generationConfig = { thinkingConfig: { thinkingLevel: "high", includeThoughts: true } };
    const user = { role: "user", parts: [{ text: PROMPT }] };
    const { candidates } = await ask(path, { contents: [user], tools, generationConfig });
    const content = (candidates as { content: { parts: { functionCall?: { id?: string } }[] } }[])[0]?.content;
    const id = content?.parts.find(({ functionCall }) => functionCall)?.functionCall?.id;
    const functionResponse = { ...(id && { id }), name: "weather", response: { output: "snow" } };
    const contents = [user, content, { role: "user", parts: [{ functionResponse }] }];
    await ask(path, { contents, tools, generationConfig });
  },
};

/** Where an upstream has the state of its own earlier answer. */
const STATE: Readonly<Record<string, RegExp>> = {
  anthropic: /"type":"thinking","thinking":"[^"]+","signature":"[^"]{20,}"/,
  "openai-responses":
    /"type":"reasoning".*"encrypted_content":"[^"]{20,}"|"encrypted_content":"[^"]{20,}".*"type":"reasoning"/,
  // Not the word that stands for a missing one.
  signing: /"thoughtSignature":"(?!skip_thought)[^"]{20,}"/,
};

async function lastBody(made: World, wire: Wire, model: string): Promise<string> {
  const ask = async (path: string, body: Json): Promise<Json> => {
    const response = await made.post(path, body);
    const answer = (await response.json()) as Json;
    expect({ status: response.status, error: answer.error }).toEqual({ status: 200, error: answer.error && undefined });
    return answer;
  };
  await LOOPS[wire](ask, model);
  return JSON.stringify(made.simulator.requests.at(-1)?.body);
}

describe("opaque state of a provider", () => {
  it.each([
    ["openai", "anthropic"],
    ["openai", "openai-responses"],
    ["openai", "signing"],
    ["openai-responses", "anthropic"],
    ["openai-responses", "signing"],
    ["anthropic", "openai-responses"],
    ["anthropic", "signing"],
    ["anthropic", "anthropic"],
    ["google", "anthropic"],
    ["google", "openai-responses"],
    ["google", "signing"],
  ] as const)("comes back through a client of %s to %s", async (wire, model) => {
    const made = await world({ toml: MORE, lines: "num_retries = 0\nmax_new_tokens = 4000" });
    const body = await lastBody(made, wire, model);
    expect(body).toMatch(STATE[model] as RegExp);
    expect(body).not.toContain("mw1.");
  });

  it.each([
    ["1h", /"thoughtSignature":"(?!skip_thought)/],
    ["0s", /"thoughtSignature":"skip_thought/],
  ])("of a call is found for a chat client that drops it (keep_responses: %s)", async (keep, state) => {
    const { post, simulator } = await world({ toml: `[gateway]\nkeep_responses = "${keep}"\n${MORE}` });
    const tools = [{ type: "function", function: { name: "weather", parameters: CITY } }];
    const ask = { model: "signing", tools };
    const user = { role: "user", content: PROMPT };
    const { choices } = (await (await post(CHAT, { ...ask, messages: [user] })).json()) as { choices: Json[] };
    const message = choices[0]?.["message"] as { tool_calls: Json[] };
    expect(message.tool_calls[0]).toHaveProperty("extra_content");
    const calls = message.tool_calls.map(({ extra_content: _, ...call }) => call);
    const result = { role: "tool", tool_call_id: calls[0]?.["id"], content: "snow" };
    const messages = [user, { role: "assistant", content: null, tool_calls: calls }, result];
    expect((await post(CHAT, { ...ask, messages })).status).toBe(200);
    expect(JSON.stringify(simulator.requests.at(-1)?.body)).toMatch(state);
  });

  it.each(WIRES)("comes back through a client of %s if the reasoning is redacted", async (wire) => {
    const made = await world({ toml: MORE, lines: "num_retries = 0\nmax_new_tokens = 4000" });
    const toolCalls = [{ name: "weather", arguments: { city: "Oslo" } }];
    made.simulator.script({ answer: { reasoning: "hidden", redacted: true, toolCalls } });
    expect(await lastBody(made, wire, "anthropic")).toMatch(/"type":"redacted_thinking","data":"[^"]{20,}"/);
  });

  it.each(['{"wire":', '{"wire":1,"block":{}}', '{"wire":"anthropic"}', '{"wire":"openai","block":null}'])(
    "is not taken from a client that made it up: %s",
    async (signature) => {
      const { post } = await world();
      const content = [
        { type: "thinking", thinking: "Hm.", signature },
        { type: "text", text: "Hi." },
      ];
      const messages = [
        { role: "user", content: "Hello" },
        { role: "assistant", content },
        { role: "user", content: "Go on" },
      ];
      for (const model of WIRES) {
        const response = await post("/v1/messages", { model, max_tokens: 100, messages });
        expect([200, 400]).toContain(response.status);
        expect(await response.text()).not.toMatch(/SyntaxError|TypeError|JSON/);
      }
    },
  );
});

it("has a function in each piece of a streamed tool call, as the AI SDK requires", async () => {
  const { post } = await world({ toml: MORE });
  const tools = [{ type: "function", function: { name: "weather", parameters: CITY } }];
  const request = { model: "signing", stream: true, tools, messages: [{ role: "user", content: PROMPT }] };
  const text = await (await post(CHAT, request)).text();
  expect(text).toContain('"extra_content"');
  const pieces = text.match(/"tool_calls":\[\{.*?\]/g) ?? [];
  expect(pieces.filter((piece) => !piece.includes('"function":{'))).toEqual([]);
});
