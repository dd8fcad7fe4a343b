import { describe, expect, it } from "vitest";
import { host } from "../harness/host.ts";
import { CHAT, hostEntry, type World, world } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const user = { role: "user", content: "Hello" };

async function ask(made: World, path: string, body: Json): Promise<{ readonly answer: Json; readonly sent: Json }> {
  const before = made.simulator.requests.length;
  const response = await made.post(path, body);
  const answer = (await response.json()) as Json;
  expect({ status: response.status, error: answer.error ?? null }).toEqual({ status: 200, error: null });
  return { answer, sent: made.simulator.requests.slice(before)[0]?.body as Json };
}

describe("content that only OpenAI's wires have", () => {
  const mark = { prompt_cache_breakpoint: { type: "ephemeral" } };

  it("keeps cache breakpoints in every message, and the fields of messages", async () => {
    const made = await world({ isUnchecked: true });
    const text = (value: string) => [{ type: "text", text: value, ...mark }];
    const call = { id: "c1", type: "function", function: { name: "look", arguments: "{}" } };
    const messages = [
      { role: "system", content: text("Be brief."), name: "rules" },
      { role: "user", content: text("Look."), name: "ann" },
      { role: "assistant", content: text("I look."), tool_calls: [call], audio: { id: "audio_1" }, name: "bob" },
      { role: "tool", tool_call_id: "c1", content: text("A tree.") },
      { role: "user", content: "Go on", name: "ann" },
    ];
    expect((await ask(made, CHAT, { model: "openai", messages })).sent.messages).toMatchObject(messages);
    const input = [
      { role: "developer", content: [{ type: "input_text", text: "Be brief.", ...mark }] },
      { role: "user", content: [{ type: "input_text", text: "Hello", ...mark }] },
    ];
    expect((await ask(made, "/v1/responses", { model: "openai-responses", input })).sent.input).toMatchObject(input);
    const empty = [{ role: "user", content: "", name: "ann" }];
    expect((await ask(made, CHAT, { model: "openai", messages: empty })).sent.messages).toEqual(empty);
    const other = await made.post(CHAT, { model: "anthropic", max_tokens: 100, messages: messages.slice(0, 2) });
    expect(other.headers.get("x-modelwright-adjustments")).toMatch(
      /^messages\[0\]: [^;]*message; messages\[1\]: [^;]*$/,
    );
    expect(JSON.stringify(made.simulator.requests.at(-1)?.body)).toContain('"text":"Look.","cache_control"');
  });

  it("keeps marks of a cache from other hosts of the wire format, unless their entry lists them", async () => {
    const upstream = await host();
    const entry = hostEntry("openai", `${upstream.url}/v1`);
    const listing = `${entry.replace("[models.m]", "[models.listing]")}\nclient_fields = ["cache_control"]\n`;
    const made = await world({ toml: `${entry}\n${listing}`, isUnchecked: true });
    const content = [{ type: "text", text: "Look.", cache_control: { type: "ephemeral" } }];
    for (const model of ["m", "listing"])
      expect((await made.post(CHAT, { model, messages: [{ role: "user", content }] })).status).toBe(200);
    const sent = upstream.arrivals.map(({ body }) => (body as { messages: Json[] }).messages[0]?.content);
    expect(sent).toEqual(["Look.", content]);
  });

  it("keeps tools of one name in two namespaces apart, in tools, calls and results", async () => {
    const parameters = { type: "object", properties: {} };
    const space = (name: string, type: string) => {
      return { type: "namespace", name, description: name, tools: [{ type, name: "look", parameters }] };
    };
    const tools = [space("sea", "function"), space("sky", "custom")];
    const call = (namespace: string) => ({ type: "function_call", call_id: namespace, namespace, name: "look" });
    const custom = { type: "custom_tool_call", call_id: "sky", namespace: "sky", name: "look", input: "up" };
    const upstream = await host({
      answer: (request, response) => {
        if (request.url?.includes("/responses") !== true) return false;
        const output = [
          { ...call("sea"), id: "fc_1", arguments: "{}", status: "completed" },
          { ...custom, id: "ct_1" },
        ];
        const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };
        const body = { id: "r", object: "response", status: "completed", output, usage };
        response.setHeader("content-type", "application/json").end(JSON.stringify(body));
        return true;
      },
    });
    const toml = hostEntry("openai-responses", `${upstream.url}/v1`);
    const toolCalls = [
      { name: "sea__look", arguments: {} },
      { name: "sky__look", arguments: { input: "up" } },
    ];
    const made = await world({ toml, simulator: { answers: () => ({ toolCalls }) }, isUnchecked: true });
    for (const model of ["m", "anthropic"]) {
      const first = await ask(made, "/v1/responses", { model, input: [user], tools, store: false });
      expect(first.answer.output, model).toMatchObject([
        { type: "function_call", namespace: "sea", name: "look" },
        { type: "custom_tool_call", namespace: "sky", name: "look", input: "up" },
      ]);
      const items = first.answer.output as Json[];
      const results = items.map(({ type, call_id }) => ({ type: `${type}_output`, call_id, output: "ok" }));
      await ask(made, "/v1/responses", { model, input: [user, ...items, ...results], tools, store: false });
    }
    const sent = upstream.arrivals.at(-1)?.body as { readonly input: readonly Json[] };
    expect(sent.input.map(({ namespace }) => namespace)).toEqual([undefined, "sea", "sky", undefined, undefined]);
    const names = JSON.stringify(made.simulator.requests.at(-1)?.body).match(
      /"type":"tool_use","id":"[^"]+","name":"\w+"/g,
    );
    expect(names?.map((text) => text.split('"').at(-2))).toEqual(["sea__look", "sky__look"]);
  });
});

describe("content that only Anthropic's wire has", () => {
  it("leaves room for the tool of a schema", async () => {
    const toml =
      '[models.plain]\nbase_url = "BASE"\napi_key = "k"\nname = "claude-sonnet-4-5"\nprovider = "anthropic"\ncapabilities = { json_schema = false }\n';
    const made = await world({ toml });
    const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const tools = [{ type: "bash_20250124", name: "bash" }];
    const body = { model: "plain", max_tokens: 500, messages: [user], tools };
    const { sent } = await ask(made, "/v1/messages", {
      ...body,
      output_config: { format: { type: "json_schema", schema } },
    });
    expect(sent).toMatchObject({ tools: [tools[0], { name: "json_tool_call" }], tool_choice: { type: "any" } });
  });

  it("is an error of the wire, if the encoder cannot read a block", async () => {
    const made = await world();
    const broken = { type: "text", text: "Hello", citations: [{}], cache_control: { type: "ephemeral" } };
    const tool = { type: "tool_use", id: null, name: "a", input: {}, caller: { type: "x" } };
    for (const path of ["/v1/messages", "/v1/messages/count_tokens"])
      for (const content of [[broken], [tool]]) {
        const messages = [user, { role: "assistant", content }];
        const response = await made.post(path, { model: "anthropic", max_tokens: 100, messages });
        expect([response.status < 500, await response.text()]).toEqual([
          true,
          expect.not.stringContaining("gateway failed"),
        ]);
      }
  });

  it("is counted, tools and blocks included", async () => {
    const made = await world();
    const tools = [{ type: "bash_20250124", name: "bash" }];
    const content = [{ type: "search_result", source: "a", title: "b", content: [{ type: "text", text: "blue" }] }];
    const body = { model: "anthropic", messages: [{ role: "user", content }], tools };
    const { sent } = await ask(made, "/v1/messages/count_tokens", body);
    expect(sent).toMatchObject({ tools, messages: [{ content }] });
    const code = { tools: [{ codeExecution: {} }], contents: [{ role: "user", parts: [{ text: "Hello" }] }] };
    const counted = await ask(made, "/v1beta/models/google:countTokens", {
      generateContentRequest: { ...code, model: "models/google" },
    });
    expect(JSON.stringify(counted.sent)).toContain("codeExecution");
  });
});

it("answers with more log probabilities than a call has room for arguments", async () => {
  const content = Array.from({ length: 150_000 }, () => ({ token: "a", logprob: -1 }));
  const message = { role: "assistant", content: "a" };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const choices = [{ index: 0, message, logprobs: { content }, finish_reason: "stop" }];
  const upstream = await host({
    answer: (_request, response) => {
      const body = JSON.stringify({ id: "c", object: "chat.completion", choices, usage });
      response.setHeader("content-type", "application/json").end(body);
      return true;
    },
  });
  const made = await world({ toml: hostEntry("openai", `${upstream.url}/v1`) });
  const chat = await made.post(CHAT, { model: "m", messages: [user], logprobs: true });
  expect((await chat.text()).split('"logprob":-1')).toHaveLength(content.length + 1);
  expect((await made.post("/v1/responses", { model: "m", input: "Hello", top_logprobs: 1 })).status).toBe(200);
});
