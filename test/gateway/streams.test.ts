import { describe, expect, it } from "vitest";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { CHAT, chatBody, type World, world } from "./world.ts";

const PROMPT = [{ role: "user", content: "Tell me of Oslo." }];

/** A streamed request of each wire for a model. */
const STREAMS: Readonly<Record<Wire, (world: World, model: string, query?: string) => Promise<Response>>> = {
  openai: ({ post }, model) => post(CHAT, { model, messages: PROMPT, stream: true }),
  "openai-responses": ({ post }, model) => post("/v1/responses", { model, input: PROMPT, stream: true }),
  anthropic: ({ post }, model) => post("/v1/messages", { model, max_tokens: 99, messages: PROMPT, stream: true }),
  google: ({ post }, model, query = "?alt=sse") =>
    post(`/v1beta/models/${model}:streamGenerateContent${query}`, { contents: [{ parts: [{ text: "Hi" }] }] }),
};

const dataOf = (text: string) =>
  text
    .split("\n\n")
    .flatMap((part) => /^data: (\{.*\})$/m.exec(part)?.[1] ?? [])
    .map((json) => JSON.parse(json));

describe("a stream", () => {
  it("is not buffered or compressed, and its headers say who answers", async () => {
    const made = await world();
    const { headers } = await STREAMS.openai(made, "anthropic");
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-modelwright-model": "anthropic",
      "x-modelwright-provider": "anthropic",
      "x-modelwright-attempts": "1",
      "x-modelwright-call": expect.stringMatching(/^[0-9a-z]{26}$/),
      "x-request-id": expect.stringMatching(/^req_/),
    });
  });

  it.each(WIRES)("of %s ends with cost, attempts and adjustments", async (wire) => {
    const made = await world();
    const events = dataOf(await (await STREAMS[wire](made, "openai")).text());
    const outcomes = events.flatMap((event) => JSON.stringify(event).match(/"modelwright":(\{.*?\})/) ?? []);
    expect(outcomes.length).toBeGreaterThan(0);
    const last = JSON.stringify(events.findLast((event) => JSON.stringify(event).includes('"modelwright"')));
    expect(last).toMatch(/"modelwright":\{"costUsd":0\.\d+,"attempts":\[\{"model":"openai"/);
  });

  it("has the usage chunk that chat clients ask for", async () => {
    const { post } = await world();
    const body = chatBody("google", { stream: true, stream_options: { include_usage: true } });
    const events = dataOf(await (await post(CHAT, body)).text());
    expect(events.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number), modelwright: {} } });
    expect(events.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it("of Gemini without alt=sse is one JSON array", async () => {
    const made = await world();
    const response = await STREAMS.google(made, "openai", "");
    expect(response.headers.get("content-type")).toBe("application/json");
    const list = (await response.json()) as { modelVersion: string }[];
    expect(list.length).toBeGreaterThan(3);
    expect(list.every(({ modelVersion }) => modelVersion === "openai")).toBe(true);
  });

  it("has a status of its own if it fails before the first event", async () => {
    const made = await world();
    for (const wire of WIRES) {
      made.simulator.script({ kind: "rate-limit" });
      expect((await STREAMS[wire](made, "anthropic")).status, wire).toBe(429);
    }
  });

  it.each([
    ["openai", ": keep-alive\n\n"],
    ["openai-responses", '"type":"response.in_progress"'],
    ["anthropic", 'event: ping\ndata: {"type":"ping"}\n\n'],
    ["google", ": keep-alive\n\n"],
  ] as const)("of %s is committed after commit_after, and kept alive every 15 s", async (wire, sign) => {
    const clock = new FakeClock();
    const made = await world({ clock, simulator: { script: [{ stall: { afterEvents: 0 } }] } });
    const responding = STREAMS[wire](made, "openai");
    while (made.simulator.requests.length === 0) await quiet();
    await clock.advance(14_900);
    await clock.advance(200);
    const { status, body } = await responding;
    expect(status).toBe(200);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const text = async () => Buffer.from((await reader.read()).value ?? []).toString();
    for (let beat = 0; beat < 2; beat++) {
      const next = text();
      await clock.advance(15_000);
      expect(await next).toContain(sign);
    }
    await reader.cancel();
  });

  it("ends with an error event if it fails after commit_after", async () => {
    const clock = new FakeClock();
    const lines = 'num_retries = 0\nfirst_token_timeout = "20s"';
    const made = await world({ clock, lines, simulator: { script: [{ stall: { afterEvents: 0 } }] } });
    const responding = STREAMS.anthropic(made, "openai");
    while (made.simulator.requests.length === 0) await quiet();
    await clock.advance(15_100);
    const response = await responding;
    const text = response.text();
    await clock.advance(10_000);
    expect([response.status, await text]).toEqual([200, expect.stringContaining("event: error\ndata: ")]);
  });
});

describe("an answer that breaks off and starts again", () => {
  const lines = 'num_retries = 1\nretry_min_wait = 0\non_break = "restart"';

  it.each(WIRES)("is an error event of %s, because text cannot be taken back", async (wire) => {
    const made = await world({ lines });
    made.simulator.script({ cut: { afterEvents: 8 } });
    const text = await (await STREAMS[wire](made, "openai")).text();
    expect(text.match(/simulated gpt/g)).toHaveLength(1);
    expect(text).toContain("starts again");
  });

  it("is one answer with `hold`", async () => {
    const made = await world({ lines: `${lines}\nhold = "all"` });
    made.simulator.script({ cut: { afterEvents: 8 } });
    const text = await (await STREAMS.openai(made, "openai")).text();
    expect(text.match(/simulated gpt/g)).toHaveLength(1);
    expect(text).toContain("[DONE]");
  });
});

describe("a body", () => {
  it("is complete even if the answer broke off and started again", async () => {
    const made = await world({ lines: "num_retries = 1\nretry_min_wait = 0\nstream = true" });
    made.simulator.script({ cut: { afterEvents: 6 } });
    const response = await made.post(CHAT, chatBody("openai"));
    const body = (await response.json()) as { choices: { message: { content: string } }[]; usage: object };
    expect(body.choices[0]?.message.content.match(/\[simulated/g)).toHaveLength(1);
    expect(body.usage).toMatchObject({ modelwright: { attempts: [{ outcome: "error" }, { outcome: "ok" }] } });
    expect(response.headers.get("x-modelwright-attempts")).toBe("2");
    expect(Number(response.headers.get("x-modelwright-cost-usd"))).toBeGreaterThan(0);
  });

  it("reports what the request had and the model does not get", async () => {
    const { post } = await world();
    const response = await post(CHAT, chatBody("anthropic", { seed: 1, no_such_field: "x" }));
    expect(response.headers.get("x-modelwright-adjustments")).toMatch(/no_such_field: .*; seed: /);
    const { usage } = (await response.json()) as { usage: { modelwright: { adjustments: object[] } } };
    expect(usage.modelwright.adjustments).toMatchObject([{ setting: "no_such_field", from: "x" }, { setting: "seed" }]);
  });

  it("passes on the limits of the provider in the headers of the wire", async () => {
    const { post } = await world();
    const chat = await post(CHAT, chatBody("anthropic"));
    expect(chat.headers.get("x-ratelimit-remaining-requests")).toBe("9999");
    const messages = await post("/v1/messages", chatBody("openai", { max_tokens: 99, stream: true }));
    expect(Object.fromEntries(messages.headers)).toMatchObject({
      "anthropic-ratelimit-requests-limit": "10000",
      "anthropic-ratelimit-tokens-reset": expect.stringMatching(/^20.*Z$/),
    });
    await messages.body?.cancel();
  });

  it("has several completions if the client asks for them", async () => {
    const { post } = await world();
    const { choices } = (await (await post(CHAT, chatBody("google", { n: 2 }))).json()) as { choices: object[] };
    expect(choices).toMatchObject([{ index: 0 }, { index: 1 }]);
  });
});

it("keeps Claude Code's billing header for Anthropic", async () => {
  const { post, simulator } = await world();
  const system = [
    { type: "text", text: "x-anthropic-billing-header: cc_version=2; cch=1;" },
    { type: "text", text: "You are Claude Code." },
  ];
  for (const model of ["anthropic", "openai"])
    await post("/v1/messages", { model, max_tokens: 99, system, messages: [{ role: "user", content: "Hello" }] });
  const bodies = simulator.requests.map(({ body }) => JSON.stringify(body));
  expect(bodies.map((body) => body.includes("billing-header"))).toEqual([true, false]);
  expect(bodies.every((body) => body.includes("You are Claude Code."))).toBe(true);
});

describe("headers of a request", () => {
  it("give tags, metadata, a deadline and the mode of the cache", async () => {
    const { post, simulator } = await world({ toml: "[cache]\nttl = 60\n", lines: "num_retries = 0\ndeadline = 30" });
    const headers = { "x-modelwright-metadata": '{"team":"blue"}', "x-modelwright-tags": "a, b" };
    await post(CHAT, chatBody("openai", { metadata: { app: "web" } }), headers);
    expect(simulator.requests[0]?.body).toMatchObject({ metadata: { app: "web", team: "blue" } });
    const again = await post(CHAT, chatBody("openai", { metadata: { app: "web" } }), headers);
    expect(again.headers.get("x-modelwright-cache")).toBe("hit");
    expect(again.headers.get("x-modelwright-cost-usd")).toBe("0");
    const bypass = { ...headers, "x-modelwright-cache": "bypass" };
    expect((await post(CHAT, chatBody("openai"), bypass)).headers.get("x-modelwright-cache")).toBeNull();
    simulator.script({ delayMs: 2_000 });
    const late = await post(CHAT, chatBody("openai", { seed: 2 }), { "x-modelwright-deadline": "50ms" });
    const message = expect.stringContaining("within 0.05 s (x-modelwright-deadline)");
    expect([late.status, await late.json()]).toMatchObject([504, { error: { code: "timed_out", message } }]);
  });

  it("give a count of tokens a deadline", async () => {
    const { post, simulator } = await world();
    simulator.script({ delayMs: 2_000, times: 2 });
    const headers = { "x-modelwright-deadline": "50ms" };
    const message = expect.stringContaining("no token count within 0.05 s (x-modelwright-deadline)");
    for (const [path, body] of [
      ["/v1/messages/count_tokens", { model: "google", messages: [{ role: "user", content: "Hello" }] }],
      ["/v1beta/models/anthropic:countTokens", { contents: [{ parts: [{ text: "Hello" }] }] }],
    ] as const) {
      const late = await post(path, body, headers);
      expect([late.status, await late.json()], path).toMatchObject([504, { error: { message } }]);
    }
    expect(simulator.requests).toHaveLength(2);
  });

  it("give embeddings a deadline, and their bodies may not choose a host", async () => {
    const toml =
      '[models.vectors]\nbase_url = "BASE/v1"\napi_key = "k"\nname = "text-embedding-3-small"\nprovider = "openai"\n';
    const { post, simulator } = await world({ toml });
    simulator.script({ delayMs: 2_000, times: 2 });
    const headers = { "x-modelwright-deadline": "50ms" };
    const message = expect.stringContaining("within 0.05 s (x-modelwright-deadline)");
    for (const [path, body] of [
      ["/v1/embeddings", { model: "vectors", input: "one" }],
      ["/v1beta/models/vectors:embedContent", { content: { parts: [{ text: "one" }] } }],
    ] as const) {
      const late = await post(path, body, headers);
      expect([late.status, await late.json()], path).toMatchObject([504, { error: { message } }]);
      expect((await post(path, { ...body, api_base: "http://a" })).status, path).toBe(400);
    }
    expect(simulator.requests).toHaveLength(2);
  });

  it.each([
    ["x-modelwright-cache", "always"],
    ["x-modelwright-deadline", "soon"],
    ["x-modelwright-metadata", "team=blue"],
  ])("are refused if %s is not valid", async (name, value) => {
    const { post } = await world();
    const response = await post(CHAT, chatBody("openai"), { [name]: value });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param: name } }]);
  });
});
