import type { ServerResponse } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { type Host, host } from "../harness/host.ts";
import { WIRES } from "../harness/wires.ts";
import { CHAT, hostEntry, type World, world } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const SEARCH = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "sea" } };
const FOUND = { type: "web_search_result", url: "https://example.com", title: "Sea", encrypted_content: "sealed" };
const RESULT = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [FOUND] };
const LOCATION = { type: "web_search_result_location", url: "https://example.com", title: "Sea", cited_text: "blue" };
const BLOCKS: readonly Json[] = [
  SEARCH,
  RESULT,
  { type: "text", text: "The sea is " },
  { type: "text", text: "blue", citations: [{ ...LOCATION, encrypted_index: "1" }] },
  { type: "text", text: "." },
];

const CONTAINER = { id: "container_1", expires_at: "2027-01-01T00:00:00Z" };

const CITATION = { type: "url_citation", url: "https://example.com", title: "Sea", start_index: 0, end_index: 4 };
const ITEMS: readonly Json[] = [
  { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "sea" } },
  {
    ...{ type: "message", id: "msg_1", role: "assistant", status: "completed" },
    content: [{ type: "output_text", text: "blue", annotations: [CITATION] }],
  },
];

const CODE: readonly Json[] = [
  { executableCode: { language: "PYTHON", code: "1" } },
  { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
  { text: "blue" },
];
const GROUNDING = { webSearchQueries: ["sea"] };
const CHOSEN = { token: "blue", logProbability: -0.5 };
const LOGPROBS = { chosenCandidates: [CHOSEN], topCandidates: [{ candidates: [CHOSEN] }] };

function bodyFor(path: string, blocks: readonly Json[]): Json {
  if (path.includes("/messages"))
    return {
      ...{ id: "msg_1", type: "message", role: "assistant", model: "m", content: blocks },
      ...{ stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2 } },
      container: CONTAINER,
    };
  if (path.includes("/responses"))
    return {
      ...{ id: "resp_1", object: "response", status: "completed", output: ITEMS },
      usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
    };
  if (path.includes(":generateContent")) {
    const content = { role: "model", parts: CODE };
    const facts = { groundingMetadata: GROUNDING, logprobsResult: LOGPROBS };
    return { candidates: [{ index: 0, content, finishReason: "STOP", ...facts }] };
  }
  const message = {
    role: "assistant",
    content: "blue",
    annotations: [{ type: "url_citation", url_citation: CITATION }],
  };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  return { id: "c", object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], usage };
}

function blockEvents(block: Json, index: number): readonly Json[] {
  const { text, citations, input } = block;
  const start = { ...block, ...(text !== undefined && { text: "" }), ...(input !== undefined && { input: {} }) };
  const delta = (one: Json) => ({ type: "content_block_delta", index, delta: one });
  return [
    {
      type: "content_block_start",
      index,
      content_block: { ...start, ...(citations !== undefined && { citations: [] }) },
    },
    ...(input === undefined ? [] : [delta({ type: "input_json_delta", partial_json: JSON.stringify(input) })]),
    ...(text === undefined ? [] : [delta({ type: "text_delta", text })]),
    ...((citations as readonly Json[]) ?? []).map((citation) => delta({ type: "citations_delta", citation })),
    { type: "content_block_stop", index },
  ];
}

function eventsFor(path: string, blocks: readonly Json[]): readonly Json[] {
  const body = bodyFor(path.replace(":streamGenerateContent", ":generateContent"), blocks);
  if (path.includes("/messages"))
    return [
      { type: "message_start", message: { ...body, content: [], stop_reason: null, container: null } },
      ...blocks.flatMap(blockEvents),
      { type: "message_delta", delta: { stop_reason: "end_turn", container: CONTAINER }, usage: { output_tokens: 2 } },
      { type: "message_stop" },
    ];
  if (path.includes("/responses")) {
    const done = (item: Json, output_index: number) => ({ type: "response.output_item.done", output_index, item });
    const created = { type: "response.created", response: { ...body, output: [] } };
    return [created, ...ITEMS.map(done), { type: "response.completed", response: body }];
  }
  return [body];
}

function stream(response: ServerResponse, events: readonly Json[]): true {
  response.setHeader("content-type", "text/event-stream");
  for (const event of events) response.write(`event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`);
  response.end();
  return true;
}

/** A host with output that only its wire format has. */
async function upstream(blocks: readonly Json[]): Promise<Host> {
  const made: Host = await host({
    answer: ({ url = "" }, response) => {
      const asked = made.arrivals.at(-1)?.body as Json;
      if (asked.stream === true || url.includes(":stream")) return stream(response, eventsFor(url, blocks));
      response.setHeader("content-type", "application/json").end(JSON.stringify(bodyFor(url, blocks)));
      return true;
    },
  });
  return made;
}

async function served(more = "", keys = "", blocks = BLOCKS): Promise<World & { readonly upstream: Host }> {
  const up = await upstream(blocks);
  const base = { openai: "/v1", "openai-responses": "/v1", anthropic: "", google: "" };
  const entries = WIRES.map((wire) =>
    hostEntry(wire, up.url + base[wire], `num_retries = 0\n${more}`).replace("[models.m]", `[models.at-${wire}]`),
  );
  return { ...(await world({ toml: `${entries.join("\n")}\n${keys}` })), upstream: up };
}

const user = { role: "user", content: "Hello" };
const json = async (response: Response | Promise<Response>): Promise<Json> => (await (await response).json()) as Json;

describe("output that only the provider's wire format has", () => {
  it("reaches an Anthropic client, in bodies and streams, and comes back", async () => {
    const { url, post, upstream: up } = await served();
    const client = new Anthropic({ baseURL: url, apiKey: "unused", maxRetries: 0 });
    const ask = { model: "at-anthropic", max_tokens: 100, messages: [{ role: "user" as const, content: "Hello" }] };
    const whole = await client.messages.create(ask);
    expect(whole.content).toMatchObject(BLOCKS);
    const streamed = await client.messages.stream(ask).finalMessage();
    expect(streamed.content).toEqual(whole.content);
    expect([whole.container, streamed.container]).toEqual([CONTAINER, CONTAINER]);
    const messages = [...ask.messages, { role: "assistant", content: streamed.content }, user];
    expect((await post("/v1/messages", { ...ask, messages })).status).toBe(200);
    const sent = up.arrivals.at(-1)?.body as { readonly messages: readonly { readonly content: readonly Json[] }[] };
    expect(sent.messages[1]?.content).toMatchObject(BLOCKS);
  });

  it("reaches a Responses client, in bodies and streams, and comes back", async () => {
    const { url, post, upstream: up } = await served();
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "unused", maxRetries: 0 });
    const ask = { model: "at-openai-responses", input: "Hello" };
    const whole = await client.responses.create(ask);
    const [search, message] = ITEMS;
    expect(whole.output).toMatchObject([search, { content: message?.content }]);
    const streamed = await client.responses.stream(ask).finalResponse();
    expect(streamed.output).toMatchObject([search, { content: message?.content }]);
    expect((await post("/v1/responses", { ...ask, previous_response_id: streamed.id })).status).toBe(200);
    expect(JSON.stringify(up.arrivals.at(-1)?.body)).toContain('"type":"web_search_call"');
  });

  it("reaches a Gemini client and a chat client, in bodies and streams", async () => {
    const { post } = await served();
    const body = { contents: [{ role: "user", parts: [{ text: "Hello" }] }] };
    const facts = { groundingMetadata: GROUNDING, logprobsResult: LOGPROBS };
    const { candidates } = await json(post("/v1beta/models/at-google:generateContent", body));
    expect(candidates).toMatchObject([{ content: { parts: CODE }, ...facts }]);
    const chunks = (await json(post("/v1beta/models/at-google:streamGenerateContent", body))) as unknown as {
      readonly candidates: readonly { readonly content: { readonly parts: readonly Json[] } }[];
    }[];
    expect(chunks.flatMap((chunk) => chunk.candidates[0]?.content.parts ?? [])).toMatchObject([...CODE, { text: "" }]);
    expect(chunks.at(-1)).toMatchObject({ candidates: [facts] });
    const chat = await json(post(CHAT, { model: "at-openai", messages: [user] }));
    expect(chat.choices).toMatchObject([{ message: { annotations: [{ type: "url_citation" }] } }]);
  });

  it("is an adjustment for a client of another wire format", async () => {
    const { post } = await served();
    for (const model of ["at-anthropic", "at-google", "at-openai-responses"]) {
      const response = await post(CHAT, { model, messages: [user], max_tokens: 100 });
      expect([response.status, response.headers.get("x-modelwright-adjustments")], model).toEqual([
        200,
        expect.stringContaining("output: output of this kind has no place"),
      ]);
      expect((await json(response)).choices).toMatchObject([{ message: { annotations: [] } }]);
    }
  });
});

describe("ids of what a provider stores", () => {
  const KEYS = ["ann", "bob"].map((name) => `[gateway.keys.${name}]\nkey = "mw-${name}-0123456789ab"\n`).join("");
  const as = (name: string) => ({ authorization: `Bearer mw-${name}-0123456789ab` });
  const upload = (file_id: string) => [
    { type: "container_upload", file_id },
    { type: "text", text: "Hm?" },
  ];
  const ask = (content: unknown, more: Json = {}): Json => {
    return { model: "anthropic", max_tokens: 100, messages: [{ role: "user", content }], ...more };
  };

  it("are refused if they were not issued to the key of the client", async () => {
    const made = await world({ toml: KEYS, isUnchecked: true });
    const cases: readonly (readonly [path: string, body: Json, param: string])[] = [
      ["/v1/messages", ask(upload("file_1")), "messages[0].content[0].file_id"],
      ["/v1/messages", ask("Hello", { container: "container_1" }), "container"],
      ["/v1/messages", ask("Hello", { container: { id: "container_1" } }), "container.id"],
      [
        "/v1/responses",
        { model: "openai-responses", input: [{ role: "user", content: [{ type: "input_file", file_id: "f" }] }] },
        "input[0].content[0].file_id",
      ],
      [
        "/v1/responses",
        { model: "openai-responses", input: "Hi", tools: [{ type: "file_search", vector_store_ids: ["v"] }] },
        "tools[0].vector_store_ids",
      ],
      [
        "/v1/responses",
        { model: "openai-responses", input: "Hi", tools: [{ type: "code_interpreter", container: "c" }] },
        "tools[0].container",
      ],
      [
        CHAT,
        { model: "openai", messages: [user, { role: "assistant", content: null, audio: { id: "audio_1" } }, user] },
        "messages[1].audio.id",
      ],
      [
        "/v1beta/models/google:generateContent",
        { contents: [{ parts: [{ text: "Hi" }] }], cachedContent: "cachedContents/1" },
        "cachedContent",
      ],
    ];
    for (const [path, body, param] of cases) {
      const response = await made.post(path, body, as("ann"));
      expect([response.status, await response.text()], param).toEqual([400, expect.stringContaining(`${param}: `)]);
    }
    expect(made.simulator.requests).toEqual([]);
    const call = { role: "assistant", content: [{ type: "tool_use", id: "t", name: "a", input: { file_id: "mine" } }] };
    const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "ok" }] };
    const own = ask("Hello", {
      messages: [user, call, result],
      tools: [{ name: "a", input_schema: { type: "object" } }],
    });
    expect((await made.post("/v1/messages", own, as("ann"))).status).toBe(200);
  });

  it("are allowed for the key whose answer had them, and if the entry lists their field", async () => {
    const output = {
      type: "code_execution_tool_result",
      tool_use_id: "s",
      content: { content: [{ file_id: "file_7" }] },
    };
    const made = await served("", KEYS, [output, ...BLOCKS]);
    const post = (name: string, content: unknown) =>
      made.post("/v1/messages", { ...ask(content), model: "at-anthropic" }, as(name));
    expect((await post("ann", upload("file_7"))).status).toBe(400);
    expect((await post("ann", "Hello")).status).toBe(200);
    expect((await post("ann", upload("file_7"))).status).toBe(200);
    const again = { ...ask("Go on", { container: "container_1" }), model: "at-anthropic" };
    expect((await made.post("/v1/messages", again, as("ann"))).status).toBe(200);
    expect((await made.post("/v1/messages", again, as("bob"))).status).toBe(400);
    expect((await post("bob", upload("file_7"))).status).toBe(400);
    const listing = await served('client_fields = ["file_id"]', KEYS);
    const body = { ...ask(upload("file_9")), model: "at-anthropic" };
    expect((await listing.post("/v1/messages", body, as("ann"))).status).toBe(200);
  });

  it("cannot hide in a signature of the form of a kept block", async () => {
    const made = await world({ toml: KEYS });
    const block = {
      type: "tool_addition",
      tool: { definition: { type: "advisor_20270101", model: "claude-opus-4-5" } },
    };
    const forged = JSON.stringify({ wire: "anthropic", block });
    const wrapped = `mw1.${Buffer.from(JSON.stringify(["anthropic", forged])).toString("base64url")}`;
    for (const signature of [forged, wrapped]) {
      const thinking = { type: "thinking", thinking: "Hm", signature };
      const messages = [user, { role: "assistant", content: [thinking, { type: "text", text: "Hi" }] }, user];
      await made.post("/v1/messages", ask("", { messages }), as("ann"));
    }
    expect(JSON.stringify(made.simulator.requests.map(({ body }) => body))).not.toContain("advisor");
  });
});
