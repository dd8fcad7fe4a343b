import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decoder } from "../../src/core/dialect.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import { EMPTY_REQUEST } from "../../src/core/request.ts";
import type { Usage } from "../../src/core/usage.ts";
import { messagesDecoder } from "../../src/dialects/anthropic/decode.ts";
import { generateDecoder } from "../../src/dialects/google/decode.ts";
import { ToolNames } from "../../src/dialects/google/tool-names.ts";
import { decodeChat } from "../../src/dialects/openai/chat-decode.ts";
import { decodeResponses } from "../../src/dialects/openai/responses-decode.ts";
import { targetOf } from "./contract.ts";

type Tree = Readonly<Record<string, unknown>>;

/** The same counts in the words of a wire: prompt tokens in all, those of them from the cache, and the answer's. */
interface Wire {
  readonly decoder: () => Decoder;
  /** An answer that reports its usage twice. */
  readonly reports: (first: unknown, last: unknown) => readonly unknown[];
  readonly prompt: string;
  readonly answer: string;
  readonly cached: (tokens: unknown) => Tree;
}

const chatChunk = (delta: object, finish_reason: string | null, usage: unknown) => ({
  id: "c",
  choices: [{ index: 0, delta, finish_reason }],
  usage,
});

const WIRES: Readonly<Record<string, Wire>> = {
  openai: {
    decoder: () => decodeChat(targetOf({ provider: "openai", dialect: "openai" })),
    reports: (first, last) => [chatChunk({ content: "hi" }, null, first), chatChunk({}, "stop", last), "[DONE]"],
    prompt: "prompt_tokens",
    answer: "completion_tokens",
    cached: (tokens) => ({ prompt_tokens_details: { cached_tokens: tokens } }),
  },
  "openai-responses": {
    decoder: () => decodeResponses(targetOf({ provider: "openai", dialect: "openai-responses" })),
    reports: (first, last) => {
      const output = [{ type: "message", id: "m", content: [{ type: "output_text", text: "hi" }] }];
      const response = { id: "r", status: "completed", output };
      return [
        { type: "response.created", response: { ...response, status: "in_progress", output: [], usage: first } },
        { type: "response.output_item.added", output_index: 0, item: { type: "message", id: "m", content: [] } },
        { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: "m", delta: "hi" },
        { type: "response.completed", response: { ...response, usage: last } },
      ];
    },
    prompt: "input_tokens",
    answer: "output_tokens",
    cached: (tokens) => ({ input_tokens_details: { cached_tokens: tokens } }),
  },
  anthropic: {
    decoder: () => messagesDecoder(targetOf({ provider: "anthropic", dialect: "anthropic" }), { throughTool: false }),
    reports: (first, last) => [
      { type: "message_start", message: { id: "m", content: [], usage: first } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: last },
      { type: "message_stop" },
    ],
    prompt: "input_tokens",
    answer: "output_tokens",
    cached: (tokens) => ({ cache_read_input_tokens: tokens }),
  },
  google: {
    decoder: () =>
      generateDecoder(targetOf({ provider: "google", dialect: "google" }), {
        names: new ToolNames(EMPTY_REQUEST),
        samples: 1,
      }),
    reports: (first, last) => [
      { candidates: [{ index: 0, content: { parts: [{ text: "hi" }] } }], usageMetadata: first },
      { candidates: [{ index: 0, content: { parts: [{ text: "" }] }, finishReason: "STOP" }], usageMetadata: last },
    ],
    prompt: "promptTokenCount",
    answer: "candidatesTokenCount",
    cached: (tokens) => ({ cachedContentTokenCount: tokens }),
  },
};

function eventsOf(wire: Wire, first: unknown, last: unknown): FlowEvent[] {
  const decoder = wire.decoder();
  const events: FlowEvent[] = [];
  for (const data of wire.reports(first, last)) {
    decoder.push(typeof data === "string" ? data : JSON.stringify(data), undefined, events);
  }
  decoder.end(events);
  return events;
}

function usageOf(wire: Wire, first: unknown, last: unknown): Usage | undefined {
  return eventsOf(wire, first, last).find((event) => event.type === "usage")?.usage;
}

describe.each(Object.entries(WIRES))("usage reported twice on the %s wire", (name, wire) => {
  const { prompt, answer, cached } = wire;
  /** Anthropic counts the cache beside the input, the others within the prompt. */
  const told = (input: number, read: number, output: number) => ({
    [prompt]: name === "anthropic" ? input : input + read,
    ...cached(read),
    [answer]: output,
  });

  it.each([
    ["zeros", { [prompt]: 0, ...cached(0), [answer]: 0 }],
    ["only zeros of the prompt", { [prompt]: 0, ...cached(0), [answer]: 7 }],
    ["nothing but the answer", { [answer]: 7 }],
    ["no details", { [prompt]: name === "anthropic" ? 90 : 100, [answer]: 7 }],
    ["null", null],
  ])("keeps the earlier counts if the later report has %s", (_, last) => {
    expect(usageOf(wire, told(90, 10, 7), last)).toMatchObject({
      input: 90,
      cacheRead: 10,
      output: 7,
      total: 107,
      estimated: false,
    });
  });

  it("replaces a count by a later one, higher or lower", () => {
    expect(usageOf(wire, told(90, 10, 1), told(80, 20, 5))).toMatchObject({ input: 80, cacheRead: 20, output: 5 });
  });

  it("moves input to cache reads, partly or completely", () => {
    expect(usageOf(wire, told(1000, 0, 1), told(200, 800, 5))).toMatchObject({
      input: 200,
      cacheRead: 800,
      total: 1005,
    });
    expect(usageOf(wire, told(1000, 0, 1), told(0, 1000, 5))).toMatchObject({ input: 0, cacheRead: 1000, total: 1005 });
  });

  it.each([1e308, 1e25, 2 ** 53, -5, 2.5, "12", true, {}])(
    "ignores a count of %j and marks the usage as estimated",
    (tokens) => {
      const flawed = { [prompt]: tokens, [answer]: 7 };
      expect(usageOf(wire, flawed, flawed)).toMatchObject({ input: 0, output: 7, estimated: true });
      expect(usageOf(wire, told(90, 0, 7), flawed)).toMatchObject({ input: 90, output: 7, estimated: true });
      expect(usageOf(wire, told(90, 0, 7), { ...cached(tokens) })).toMatchObject({ cacheRead: 0, estimated: true });
    },
  );

  it("always reports counts that add up", () => {
    const value = fc.oneof(fc.nat(1e9), fc.double(), fc.jsonValue());
    const report = fc.tuple(value, value, value).map(([first, second, third]) => ({
      [prompt]: first,
      ...cached(second),
      [answer]: third,
    }));
    fc.assert(
      fc.property(report, report, (first, last) => {
        const usage = usageOf(wire, first, last);
        if (usage === undefined) return;
        const { input, cacheRead, cacheWrite, output, total } = usage;
        for (const count of [input, cacheRead, cacheWrite, output]) expect(Number.isSafeInteger(count)).toBe(true);
        expect(total).toBe(input + cacheRead + cacheWrite + output);
      }),
    );
  });
});

describe("Claude's cache writes", () => {
  const { anthropic } = WIRES as { anthropic: Wire };

  it("are kept by TTL if the last report has only their sum", () => {
    const creation = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 };
    const first = { input_tokens: 5, cache_creation_input_tokens: 30, cache_creation: creation, output_tokens: 1 };
    const last = { input_tokens: 5, cache_creation_input_tokens: 30, output_tokens: 9 };
    expect(usageOf(anthropic, first, last)).toMatchObject({
      cacheWrite: 30,
      details: { cacheWrite5m: 10, cacheWrite1h: 20 },
    });
  });

  it("are the sum over all TTLs if only those are reported", () => {
    const usage = { input_tokens: 5, cache_creation: { ephemeral_1h_input_tokens: 20 }, output_tokens: 9 };
    expect(usageOf(anthropic, usage, undefined)).toMatchObject({ cacheWrite: 20, total: 34 });
  });

  it("may become cache reads", () => {
    const creation = { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 0 };
    const first = { input_tokens: 5, cache_creation_input_tokens: 30, cache_creation: creation, output_tokens: 1 };
    const last = { cache_creation_input_tokens: 0, cache_read_input_tokens: 30, output_tokens: 9 };
    expect(usageOf(anthropic, first, last)).toMatchObject({ input: 5, cacheRead: 30, cacheWrite: 0, details: {} });
  });

  it("do not reduce the input if the cache counts grow by less", () => {
    const first = { input_tokens: 1000, output_tokens: 1 };
    const last = { input_tokens: 0, cache_read_input_tokens: 300, output_tokens: 9 };
    expect(usageOf(anthropic, first, last)).toMatchObject({ input: 1000, cacheRead: 300 });
  });
});

describe("charges besides tokens", () => {
  const tierOf = (events: readonly FlowEvent[]) =>
    events.flatMap((event) => (event.type === "response" && event.serviceTier ? [event.serviceTier] : [])).at(-1);

  it("include the service tier of the answer", () => {
    const anthropic = WIRES["anthropic"] as Wire;
    for (const [usage, tier] of [
      [{ service_tier: "batch" }, "batch"],
      [{ service_tier: "standard", speed: "fast" }, "fast"],
      [{ service_tier: "standard", inference_geo: "us" }, "inference_geo us"],
      [{ service_tier: "standard", inference_geo: "global" }, "standard"],
    ] as const)
      expect(tierOf(eventsOf(anthropic, { input_tokens: 1, ...usage }, { output_tokens: 2 }))).toBe(tier);
    const google = WIRES["google"] as Wire;
    expect(tierOf(eventsOf(google, { trafficType: "ON_DEMAND_FLEX" }, { promptTokenCount: 1 }))).toBe("ON_DEMAND_FLEX");
  });

  it("include Gemini searches of all candidates", () => {
    const google = WIRES["google"] as Wire;
    const decoder = google.decoder();
    const events: FlowEvent[] = [];
    const candidate = { content: { parts: [{ text: "hi" }] }, finishReason: "STOP" };
    const grounded = { ...candidate, groundingMetadata: { webSearchQueries: ["a", "b"] } };
    decoder.body({ candidates: [grounded], usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 } }, events);
    decoder.end(events);
    const usage = events.find((event) => event.type === "usage");
    expect(usage?.usage.details).toEqual({ webSearchRequests: 2 });
  });

  it("include each call of a hosted tool once on the responses wire", () => {
    const output = [
      { type: "web_search_call", id: "w", status: "completed" },
      { type: "message", id: "m", content: [{ type: "output_text", text: "hi" }] },
    ];
    const events: FlowEvent[] = [];
    const decoder = (WIRES["openai-responses"] as Wire).decoder();
    const done = { type: "response.output_item.done", output_index: 0, item: output[0] };
    const usage = { input_tokens: 3, output_tokens: 2 };
    const completed = { type: "response.completed", response: { id: "r", status: "completed", output, usage } };
    for (const event of [done, completed]) decoder.push(JSON.stringify(event), undefined, events);
    expect(events.find((event) => event.type === "usage")?.usage.details).toEqual({ tool: 1 });
  });

  it("include searches that a chat host reports, or shows by web citations", () => {
    const openai = WIRES["openai"] as Wire;
    const counts = { prompt_tokens: 3, completion_tokens: 2 };
    const reported = { ...counts, server_tool_use: { web_search_requests: 2 } };
    expect(usageOf(openai, null, reported)?.details).toEqual({ webSearchRequests: 2 });
    const cited = { role: "assistant", content: "hi", annotations: [{ type: "url_citation" }] };
    const events: FlowEvent[] = [];
    const decoder = openai.decoder();
    decoder.body({ choices: [{ index: 0, message: cited, finish_reason: "stop" }], usage: counts }, events);
    expect(events.find((event) => event.type === "usage")?.usage.details).toEqual({ webSearchRequests: 1 });
  });
});
