import Anthropic from "@anthropic-ai/sdk";
import { ApiError } from "@google/genai";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/simulator/server.ts";
import { type Bench, bench, collect } from "./sdk-clients.ts";

const messages = [{ role: "user" as const, content: "Tell me about rivers" }];

/** The same question over each wire, at once and streamed. */
const WIRES: Readonly<
  Record<string, { once: (bench: Bench) => Promise<unknown>; stream: (bench: Bench) => Promise<unknown[]> }>
> = {
  openai: {
    once: ({ openai }) => openai.chat.completions.create({ model: "gpt-4o", messages }),
    stream: async ({ openai }) =>
      collect(await openai.chat.completions.create({ model: "gpt-4o", messages, stream: true })),
  },
  "openai-responses": {
    once: ({ openai }) => openai.responses.create({ model: "gpt-4o", input: messages }),
    stream: async ({ openai }) =>
      collect(await openai.responses.create({ model: "gpt-4o", input: messages, stream: true })),
  },
  anthropic: {
    once: ({ anthropic }) => anthropic.messages.create({ model: "claude-sonnet-5", max_tokens: 200, messages }),
    stream: async ({ anthropic }) =>
      collect(await anthropic.messages.create({ model: "claude-sonnet-5", max_tokens: 200, messages, stream: true })),
  },
  google: {
    once: ({ google }) =>
      google.models.generateContent({ model: "gemini-2.5-flash", contents: "Tell me about rivers" }),
    stream: async ({ google }) =>
      collect(
        await google.models.generateContentStream({ model: "gemini-2.5-flash", contents: "Tell me about rivers" }),
      ),
  },
};

const STATUSES: readonly (readonly [NonNullable<Fault["kind"]>, Readonly<Record<string, number>>])[] = [
  ["rate-limit", { openai: 429, anthropic: 429, google: 429 }],
  ["quota", { openai: 429, anthropic: 402, google: 429 }],
  ["overloaded", { openai: 503, anthropic: 529, google: 503 }],
  ["server", { openai: 500, anthropic: 500, google: 500 }],
  ["auth", { openai: 401, anthropic: 401, google: 401 }],
  ["forbidden", { openai: 403, anthropic: 403, google: 403 }],
  ["not-found", { openai: 404, anthropic: 404, google: 404 }],
  ["context", { openai: 400, anthropic: 400, google: 400 }],
];

describe.each(Object.entries(WIRES))("faults on the wire %s", (name, { once, stream }) => {
  const family = name.replace("-responses", "");

  it.each(STATUSES)("answers %s with the provider's own error", async (kind, statuses) => {
    const room = await bench({ script: [{ kind, times: 2 }] });
    await expect(once(room)).rejects.toMatchObject({ status: statuses[family] });
    await expect(stream(room)).rejects.toMatchObject({ status: statuses[family] });
    await expect(once(room)).resolves.toBeDefined();
    expect(room.simulator.requests.map((request) => request.status)).toEqual([statuses[family], statuses[family], 200]);
  });

  it("answers a bare status with the provider's error for it", async () => {
    const room = await bench({ script: [{ status: 503 }, { status: 418 }] });
    await expect(once(room)).rejects.toMatchObject({ status: 503 });
    await expect(once(room)).rejects.toMatchObject({ status: 418 });
  });

  it("sends the scripted body and headers", async () => {
    const room = await bench({
      script: [{ status: 429, body: { detail: "slow" }, headers: { "X-Extra": "yes" }, retryAfter: 7 }],
    });
    const response = await fetch(`${room.simulator.url}${PATHS[name]}`, { method: "POST", body: "{}" });
    expect(response.status).toBe(429);
    expect([response.headers.get("retry-after"), response.headers.get("x-extra")]).toEqual(["7", "yes"]);
    expect(await response.json()).toEqual({ detail: "slow" });
  });

  it("closes the socket after some events of a stream", async () => {
    const room = await bench();
    const healthy = await rawStream(room, name);
    room.simulator.script({ cut: { afterEvents: 3 } }, { cut: { afterEvents: 3, clean: true } });
    const cut = await rawStream(room, name);
    const ended = await rawStream(room, name);
    expect(cut).toEqual({ events: healthy.events.slice(0, 3), complete: false });
    expect(ended).toEqual({ events: healthy.events.slice(0, 3), complete: true });
    expect(room.simulator.requests.some((request) => request.closedByPeerMs !== undefined)).toBe(false);
  });

  it("closes the socket in the middle of a JSON body", async () => {
    const room = await bench({ script: [{ cut: { afterEvents: 1 } }] });
    await expect(once(room)).rejects.toThrow();
    await expect(once(room)).resolves.toBeDefined();
  });

  it("resets the connection before any byte", async () => {
    const room = await bench({ script: [{ reset: true }] });
    await expect(once(room)).rejects.toThrow(/fetch failed|Connection error/);
    expect(room.simulator.requests[0]).toMatchObject({ status: undefined });
  });

  it("sends nothing after some events until the peer disconnects", async () => {
    const room = await bench({ script: [{ stall: { afterEvents: 2 } }] });
    const abort = new AbortController();
    const response = await fetch(`${room.simulator.url}${PATHS[name]}`, {
      ...STREAM_BODIES[name],
      signal: abort.signal,
    });
    const reader = response.body?.getReader();
    let seen = "";
    while (seen.split("\n\n").length < 3) seen += Buffer.from((await reader?.read())?.value ?? []).toString();
    const silent = reader?.read().then(
      () => "bytes",
      () => "closed",
    );
    expect(await Promise.race([silent, new Promise((resolve) => setTimeout(resolve, 50, "silent"))])).toBe("silent");
    abort.abort();
    expect(await silent).toBe("closed");
    await until(() => room.simulator.requests[0]?.closedByPeerMs !== undefined);
    expect(room.simulator.requests[0]?.closedByPeerMs).toBeGreaterThan(room.simulator.requests[0]?.arrivedMs ?? 0);
  });

  it("sends an error event in the middle of a stream", async () => {
    const room = await bench({ script: [{ errorEvent: { afterEvents: 3, kind: "overloaded" } }] });
    const failure = await stream(room).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect([OpenAI.APIError, Anthropic.APIError, ApiError].some((type) => failure instanceof type)).toBe(true);
    expect(String((failure as Error).message)).toMatch(/overloaded/i);
  });

  it("answers with an empty body, an HTML page or garbage", async () => {
    const room = await bench({ script: [{ empty: true }, { html: true }, { garbage: true }, { garbage: true }] });
    const post = () => fetch(`${room.simulator.url}${PATHS[name]}`, STREAM_BODIES[name]);
    const [empty, page] = [await post(), await post()];
    expect([empty.status, await empty.text()]).toEqual([200, ""]);
    expect([page.status, page.headers.get("content-type")]).toEqual([502, "text/html; charset=utf-8"]);
    expect(await (await post()).text()).toContain(":::: not an event ::::");
    await expect(once(room)).rejects.toThrow();
  });

  it("delays the headers", async () => {
    const room = await bench({ script: [{ delayMs: 60 }] });
    const before = performance.now();
    await once(room);
    expect(performance.now() - before).toBeGreaterThanOrEqual(59);
  });
});

describe("the script", () => {
  it("applies steps to matching requests only, in order and as often as configured", async () => {
    const { simulator, openai } = await bench();
    simulator.script(
      { match: { model: "a" }, status: 500, times: 2 },
      { match: { path: "/responses" }, status: 503 },
      {},
      { status: 429 },
    );
    const status = async (model: string) => {
      await openai.chat.completions.create({ model, messages }).catch(() => {});
      return simulator.requests.at(-1)?.status;
    };
    expect([await status("a"), await status("b"), await status("a"), await status("a")]).toEqual([500, 200, 500, 429]);
    await expect(openai.responses.create({ model: "b", input: "x" })).rejects.toMatchObject({ status: 503 });
  });

  it("returns scripted answers, and answers created for each request", async () => {
    const { simulator, openai } = await bench({
      answers: (request) =>
        request.prompt.includes("number") ? { text: "42", usage: { input: 1000, output: 5 } } : undefined,
    });
    simulator.script({ answer: { toolCalls: [{ name: "ping", arguments: { host: "x" } }] } });
    const ask = (content: string) =>
      openai.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content }] });
    expect((await ask("first")).choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ function: { name: "ping", arguments: '{"host":"x"}' } }] },
    });
    expect(await ask("a number")).toMatchObject({
      choices: [{ message: { content: "42" } }],
      usage: { prompt_tokens: 1000, completion_tokens: 5, total_tokens: 1005 },
    });
    expect((await ask("else")).choices[0]?.message.content).toContain("simulated");
  });

  it("returns refusals and filters as answers, and as errors if a status is set", async () => {
    const { simulator, openai } = await bench();
    const ask = () => openai.chat.completions.create({ model: "gpt-4o", messages });
    simulator.script({ kind: "refusal" }, { kind: "filter" }, { kind: "filter", status: 400 });
    expect((await ask()).choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: null, refusal: expect.stringContaining("refuses") },
    });
    expect((await ask()).choices[0]?.finish_reason).toBe("content_filter");
    await expect(ask()).rejects.toMatchObject({ status: 400, code: "content_filter" });
  });

  it("also sends the retry delay in the body to Google's clients", async () => {
    const { google } = await bench({ script: [{ kind: "rate-limit", retryAfter: 7 }] });
    await expect(google.models.generateContent({ model: "gemini-2.5-flash", contents: "x" })).rejects.toThrow(
      /"retryDelay":"7s"/,
    );
  });

  it("is deleted by a reset, like the requests", async () => {
    const { simulator, openai } = await bench({ script: [{ status: 500, times: Number.POSITIVE_INFINITY }] });
    await expect(openai.chat.completions.create({ model: "a", messages })).rejects.toMatchObject({ status: 500 });
    simulator.reset();
    expect(simulator.requests).toEqual([]);
    await expect(openai.chat.completions.create({ model: "a", messages })).resolves.toBeDefined();
  });
});

const PATHS: Readonly<Record<string, string>> = {
  openai: "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  anthropic: "/v1/messages",
  google: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
};

function post(body: object): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers: { "anthropic-version": "2023-06-01" } };
}

const STREAM_BODIES: Readonly<Record<string, RequestInit>> = {
  openai: post({ model: "gpt-4o", messages, stream: true }),
  "openai-responses": post({ model: "gpt-4o", input: messages, stream: true }),
  anthropic: post({ model: "claude-sonnet-5", max_tokens: 200, messages, stream: true }),
  google: post({ contents: [{ role: "user", parts: [{ text: "Tell me about rivers" }] }] }),
};

async function rawStream({ simulator }: Bench, name: string): Promise<{ events: string[]; complete: boolean }> {
  const response = await fetch(`${simulator.url}${PATHS[name]}`, STREAM_BODIES[name]);
  let text = "";
  let complete = true;
  try {
    for await (const piece of response.body ?? []) text += Buffer.from(piece).toString();
  } catch {
    complete = false;
  }
  return { events: text.split("\n\n").filter((event) => event !== ""), complete };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
