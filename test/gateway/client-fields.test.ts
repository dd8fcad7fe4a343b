import { describe, expect, it } from "vitest";
import { host } from "../harness/host.ts";
import { CHAT, hostEntry, type World, world } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const MESSAGES = "/v1/messages";
const RESPONSES = "/v1/responses";
const GENERATE = "/v1beta/models/google:generateContent";
const user = { role: "user", content: "Hello" };
const schema = { type: "object", properties: { model: { type: "string" } }, required: ["model"] };

const BASES: Readonly<Record<string, Json>> = {
  [CHAT]: { model: "openai", messages: [user] },
  [RESPONSES]: { model: "openai-responses", input: "Hello" },
  [MESSAGES]: { model: "anthropic", max_tokens: 100, messages: [user] },
  [GENERATE]: { contents: [{ role: "user", parts: [{ text: "Hello" }] }] },
};

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly adjustments: string;
  /** What the upstream got. */
  readonly sent: Json | undefined;
}

async function ask(made: World, path: string, more: Json, headers: Readonly<Record<string, string>> = {}) {
  const before = made.simulator.requests.length;
  const response = await made.post(path, { ...BASES[path], ...more }, headers);
  const outcome: Outcome = {
    status: response.status,
    text: await response.text(),
    adjustments: response.headers.get("x-modelwright-adjustments") ?? "",
    sent: made.simulator.requests.slice(before)[0]?.body as Json | undefined,
  };
  return outcome;
}

describe("a field that chooses a model, a host or a key", () => {
  it("is refused on every wire, and nothing is sent", async () => {
    const made = await world();
    const fields = { models: ["a"], provider: { order: ["a"] }, plugins: [{ id: "web" }], route: "fallback" };
    const more = { fallbacks: ["a"], api_base: "http://a", base_url: "http://a", api_key: "k", mock_response: "Hi" };
    for (const path of Object.keys(BASES))
      for (const [name, value] of Object.entries({ ...fields, ...more, custom_llm_provider: "a" })) {
        const { status, text } = await ask(made, path, { [name]: value });
        expect([status, text], `${path} ${name}`).toEqual([
          400,
          expect.stringMatching(/models\.toml|another account, and is not supported/),
        ]);
      }
    expect(made.simulator.requests).toEqual([]);
  });

  it("is refused in a tool, also in one that a block adds, but not among the parameters of a function", async () => {
    const made = await world();
    const advisor = { type: "advisor_20270101", name: "advisor", model: "claude-opus-4-5" };
    const adding = [{ type: "tool_addition", tool: { type: "tool_definition", definition: advisor } }];
    const image = { type: "image_generation", model: "gpt-image-2" };
    const ranked = { vertexRagStore: { ragRetrievalConfig: { ranking: { llmRanker: { modelName: "a" } } } } };
    const cases: readonly (readonly [string, Json])[] = [
      [MESSAGES, { tools: [advisor] }],
      [MESSAGES, { messages: [{ role: "user", content: adding }] }],
      [RESPONSES, { tools: [image] }],
      [CHAT, { tools: [{ type: "openrouter:advisor", parameters: { model: "a" } }] }],
      [CHAT, { tools: [{ type: "openrouter:fusion", parameters: { analysis_models: ["a"] } }] }],
      [RESPONSES, { input: [{ type: "additional_tools", role: "developer", tools: [image] }] }],
      [GENERATE, { tools: [{ retrieval: ranked }] }],
    ];
    for (const [path, more] of cases) {
      const { status, text } = await ask(made, path, more);
      expect([status, text]).toEqual([400, expect.stringContaining("chooses a model")]);
    }
    expect(made.simulator.requests).toEqual([]);
    expect(await ask(made, MESSAGES, { tools: [{ name: "ask", input_schema: schema }] })).toMatchObject({
      status: 200,
    });
  });
});

describe("a field that the vendor's API does not have", () => {
  it("reaches the vendor, and other hosts only if their entry lists it", async () => {
    const upstream = await host();
    const other = hostEntry("openai", `${upstream.url}/v1`);
    const listing = other.replace("[models.m]", "[models.listing]");
    const made = await world({
      toml: `${other}\n${listing}\nclient_fields = ["min_p"]\n${other.replace("[models.m]", "[models.exact]")}\nstrict = true\n`,
      isUnchecked: true,
    });
    const body = { min_p: 0.1, reasoning: { effort: "low", exclude: true } };
    expect((await ask(made, CHAT, { min_p: 0.1 })).sent).toMatchObject({ min_p: 0.1 });
    const { status, adjustments } = await ask(made, CHAT, { ...body, model: "m" });
    expect([status, adjustments]).toEqual([200, expect.stringMatching(/min_p: .*client_fields.*reasoning: /)]);
    await ask(made, CHAT, { ...body, model: "listing" });
    const [dropped, listed] = upstream.arrivals.map((arrival) => arrival.body as Json);
    expect([dropped?.min_p, dropped?.reasoning, dropped?.reasoning_effort]).toEqual([undefined, undefined, "low"]);
    expect(listed).toMatchObject({ min_p: 0.1 });
    expect(await ask(made, CHAT, { ...body, model: "exact" })).toMatchObject({ status: 400 });
    expect(upstream.arrivals).toHaveLength(2);
  });
});

describe("what the provider charges by another price", () => {
  it("is refused by a budget, or reserved at the higher price", async () => {
    const lines = "num_retries = 0\npricing = { input = 3, output = 15, cache_write = 3.75, cache_write_1h = 90 }";
    const made = await world({ toml: "[budgets.small]\nusd = 0.02\n", lines });
    const mark = { type: "ephemeral", ttl: "1h" };
    const found = {
      ...{ type: "search_result", source: "https://example.com", title: "Sea", cache_control: mark },
      content: [{ type: "text", text: "blue ".repeat(200) }],
    };
    const fetching = { type: "web_fetch_20250910", name: "web_fetch" };
    const tools = [
      { name: "a", input_schema: { type: "object", description: "long ".repeat(200) }, cache_control: mark },
      { name: "b", input_schema: { type: "object" } },
    ];
    const refused: readonly Json[] = [
      { inference_geo: "us" },
      { inference_geo: "eu" },
      { context_management: { edits: [{ type: "compact_20260112" }] } },
      { tools: [fetching] },
      { messages: [{ role: "user", content: [found, { type: "text", text: "Hm?" }] }] },
      { tools },
    ];
    for (const more of refused)
      expect(await ask(made, MESSAGES, more), JSON.stringify(more)).toMatchObject({ status: 402 });
    const search = { type: "additional_tools", role: "developer", tools: [{ type: "web_search" }] };
    const long = { mode: "explicit", ttl: "12h" };
    const marked = { role: "user", content: [{ type: "input_text", text: "Hello", prompt_cache_breakpoint: long }] };
    for (const more of [{ input: [search] }, { input: [marked] }, { prompt_cache_options: long }])
      expect(await ask(made, RESPONSES, more), JSON.stringify(more)).toMatchObject({ status: 429 });
    expect(made.simulator.requests).toEqual([]);
    const { cache_control: _, ...unmarked } = found;
    const content = [unmarked, { type: "text", text: "Hm?" }];
    expect(await ask(made, MESSAGES, { inference_geo: "global" })).toMatchObject({ status: 200 });
    expect(await ask(made, MESSAGES, { messages: [{ role: "user", content }] })).toMatchObject({ status: 200 });
  });
});

describe("an unknown field in a known object", () => {
  const thinking = { type: "enabled", budget_tokens: 1_500, display: "omitted" };

  it("is added to what is sent, and stays away with a setting that the entry drops", async () => {
    const toml = [
      ["openai", "gpt-5", 'reasoning_effort = "high"\ndrop = ["response_format", "web_search"]'],
      ["anthropic", "claude-sonnet-4-5", 'drop = ["reasoning_effort", "tool_choice"]'],
    ].map(([provider, name, keys]) => {
      const base = provider === "openai" ? "BASE/v1" : "BASE";
      return `[models.dropping-${provider}]\nbase_url = "${base}"\napi_key = "k"\nname = "${name}"\nprovider = "${provider}"\n${keys}\n`;
    });
    const made = await world({ toml: toml.join("\n"), isUnchecked: true });
    const format = { type: "json_schema", json_schema: { name: "a", schema, later: 1 } };
    const asked = { response_format: format, web_search_options: { user_location: { type: "approximate" } } };
    const kept = await ask(made, CHAT, asked);
    expect(kept.sent).toMatchObject({ ...asked, response_format: { json_schema: { name: "a", later: 1 } } });
    const dropped = await ask(made, CHAT, { ...asked, model: "dropping-openai" });
    expect([dropped.sent?.response_format, dropped.sent?.web_search_options]).toEqual([undefined, undefined]);
    const custom = { tools: [{ type: "bash_20250124", name: "bash" }], tool_choice: { type: "any" } };
    const quiet = await ask(made, MESSAGES, { ...custom, model: "dropping-anthropic", max_tokens: 4_000, thinking });
    expect([quiet.status, quiet.sent?.thinking, quiet.sent?.tool_choice]).toEqual([200, undefined, undefined]);
    expect(quiet.adjustments).toMatch(/thinking: .*not sent/);
  });

  it("does not replace what the library asks for", async () => {
    const made = await world({ isUnchecked: true });
    const { sent } = await ask(made, RESPONSES, {
      include: ["file_search_call.results"],
      reasoning: { effort: "low", context: "auto" },
    });
    expect(sent).toMatchObject({
      include: ["reasoning.encrypted_content", "file_search_call.results"],
      reasoning: { effort: "low", summary: "auto", context: "auto" },
    });
  });

  it("drops hosted tools with `tools`, and the search of a tool alone", async () => {
    const entry = (name: string, keys: string) =>
      `[models.${name}]\nbase_url = "BASE"\napi_key = "k"\nname = "gemini-2.5-flash"\nprovider = "google"\n${keys}\n`;
    const toml = entry("none", 'drop = ["tools"]') + entry("offline", 'drop = ["web_search"]');
    const made = await world({ toml });
    const functionDeclarations = [{ name: "ask", parameters: { type: "OBJECT", properties: {} } }];
    const tools = [{ googleSearch: {}, functionDeclarations }, { urlContext: {} }];
    const body = { ...BASES[GENERATE], tools };
    const none = await ask(made, "/v1beta/models/none:generateContent", { ...body, tools: [{ urlContext: {} }] });
    expect([none.status, none.sent?.tools, none.adjustments]).toEqual([
      200,
      undefined,
      expect.stringMatching(/^tools: /),
    ]);
    const offline = await ask(made, "/v1beta/models/offline:generateContent", body);
    expect(offline.sent?.tools).toEqual([{ functionDeclarations }, { urlContext: {} }]);
  });

  it("keeps an exact budget of thinking on the wire that has one", async () => {
    const pro = '[models.pro]\nbase_url = "BASE"\napi_key = "k"\nname = "gemini-2.5-pro"\nprovider = "google"\n';
    const made = await world({ toml: pro });
    const off = { ...BASES[GENERATE], generationConfig: { thinkingConfig: { thinkingBudget: 0 } } };
    const least = { generationConfig: { thinkingConfig: { thinkingBudget: 512 } } };
    // This model cannot do without.
    expect((await ask(made, "/v1beta/models/pro:generateContent", off)).sent).toMatchObject(least);
    const { sent, adjustments } = await ask(made, MESSAGES, { max_tokens: 4_000, thinking });
    expect([sent?.thinking, adjustments]).toEqual([thinking, ""]);
    const most = await ask(made, MESSAGES, { max_tokens: 4_000, thinking: { ...thinking, budget_tokens: 9_000 } });
    expect(most.sent?.thinking).toMatchObject({ budget_tokens: 3_999 });
    const budget = { thinkingConfig: { thinkingBudget: 3_000 } };
    expect((await ask(made, GENERATE, { generationConfig: budget })).sent).toMatchObject({ generationConfig: budget });
    const other = await ask(made, MESSAGES, { model: "google", max_tokens: 4_000, thinking });
    expect(other.adjustments).toContain("thinking.budget_tokens: converted to the nearest effort");
  });
});

it("joins the trials of the client and of the entry, and keeps the version of the entry", async () => {
  const upstream = await host();
  const entry = hostEntry("anthropic", upstream.url);
  const toml = `${entry}api_version = "2023-06-01"\nextra_headers = { Anthropic-Beta = "a-1, b-1" }\n`;
  const made = await world({ toml: `${toml}${entry.replace("[models.m]", "[models.plain]")}` });
  const headers = { "anthropic-beta": "b-1,c-1", "anthropic-version": "2024-01-01" };
  await ask(made, MESSAGES, { model: "m" }, headers);
  await ask(made, MESSAGES, { model: "plain" }, headers);
  expect(upstream.arrivals.map((arrival) => arrival.headers)).toMatchObject([
    { "anthropic-beta": "a-1,b-1,c-1", "anthropic-version": "2023-06-01" },
    { "anthropic-beta": "b-1,c-1", "anthropic-version": "2024-01-01" },
  ]);
});
