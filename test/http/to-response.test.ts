import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { serve } from "@hono/node-server";
import {
  parseJsonEventStream,
  readUIMessageStream,
  type UIMessage,
  type UIMessageChunk,
  uiMessageChunkSchema,
} from "ai";
import express from "express";
import { Hono } from "hono";
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { type Model, tool, toResponse } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { unfinishedStream } from "../harness/small-answers.ts";
import { within } from "../harness/stopwatch.ts";
import type { WireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

async function modelThat(
  answers: readonly WrittenAnswer[],
  wire: Wire = "openai",
): Promise<{ model: Model; server: WireServer }> {
  const server = await serving((request, index) => writtenAnswer(wire, request, answers[index] ?? {}));
  return { model: modelAt(wire, server.origin), server };
}

const CALL: WrittenAnswer = { text: "Let me look.", calls: [{ id: "c1", name: "weather", args: { city: "Oslo" } }] };
const SNOW: WrittenAnswer = { text: "Snow in Oslo." };
const weather = tool({
  name: "weather",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => ({ city, celsius: -3 }),
});

const dataOf = (body: string): string[] =>
  body.split("\n\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));

async function messageOf(response: Response): Promise<UIMessage> {
  const chunks = parseJsonEventStream({
    stream: response.body as ReadableStream<Uint8Array>,
    schema: uiMessageChunkSchema,
  }).pipeThrough(
    new TransformStream<{ success: boolean; value?: unknown; error?: unknown }, UIMessageChunk>({
      transform(chunk, controller) {
        if (!chunk.success) throw chunk.error;
        controller.enqueue(chunk.value as UIMessageChunk);
      },
    }),
  );
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream: chunks, terminateOnError: true })) last = message;
  return last as UIMessage;
}

/** A server of a framework with this handler; its address. */
async function listening(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("toResponse", () => {
  it("returns at once, and asks the model when the body is read", async () => {
    const { model, server } = await modelThat([SNOW]);
    const response = toResponse(model.stream("Weather?"), { format: "text" });
    expect(response.status).toBe(200);
    await new Promise(setImmediate);
    expect(server.requests).toHaveLength(0);
    expect(await response.text()).toBe(SNOW.text);
    expect(server.requests).toHaveLength(1);
  });

  it("sends every event as JSON, without the provider's body", async () => {
    const { model } = await modelThat([CALL, SNOW]);
    const response = toResponse(model.runStream("Weather?", { tools: [weather] }));
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const events = dataOf(await response.text()).map((data) => JSON.parse(data));
    expect(events.filter(({ type }) => type === "tool-result")).toMatchObject([
      { result: { id: "c1", content: '{"city":"Oslo","celsius":-3}' } },
    ]);
    expect(events.at(-1)).toEqual({
      type: "step",
      finishReason: "stop",
      usage: expect.objectContaining({ total: 15 }),
    });
  });

  it.each(WIRES)("is a UI message for the AI SDK on the %s wire: texts, tool calls and results", async (wire) => {
    const { model } = await modelThat([CALL, SNOW], wire);
    const message = await messageOf(
      toResponse(model.runStream("Weather?", { tools: [weather] }), { format: "ai-sdk" }),
    );
    expect(message.parts).toMatchObject([
      { type: "step-start" },
      { type: "text", text: CALL.text, state: "done" },
      {
        type: "tool-weather",
        state: "output-available",
        input: { city: "Oslo" },
        output: { city: "Oslo", celsius: -3 },
      },
      { type: "step-start" },
      { type: "text", text: SNOW.text, state: "done" },
    ]);
  });

  it("shows no text of a failed tool, which is for the model, unless onError gives it", async () => {
    const failing = { ...weather, execute: () => Promise.reject(new Error("no satellite")) };
    const onError = (error: unknown) => (error as Error).message;
    for (const format of ["sse", "ai-sdk"] as const) {
      const { model } = await modelThat([CALL, SNOW]);
      const body = await toResponse(model.runStream("Weather?", { tools: [failing] }), { format }).text();
      expect(body).toContain("The tool failed.");
      expect(body).not.toContain("satellite");
    }
    const { model } = await modelThat([CALL, SNOW]);
    const message = await messageOf(
      toResponse(model.runStream("Weather?", { tools: [failing] }), { format: "ai-sdk", onError }),
    );
    expect(message.parts[2]).toMatchObject({ type: "tool-weather", state: "output-error", errorText: "no satellite" });
  });

  it.each(["stream", "run"] as const)("is read by the openai SDK as the answer of a %s", async (way) => {
    const { model } = await modelThat([CALL, SNOW]);
    const open = () =>
      way === "run"
        ? model.runStream("Weather?", { tools: [weather] })
        : model.stream("Weather?", { tools: [weather] });
    const app = new Hono().post("/v1/chat/completions", () => toResponse(open(), { format: "openai" }));
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
    onTestFinished(() => new Promise((resolve) => void server.close(() => resolve())));
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
    const completion = await client.chat.completions.stream({ model: "any", messages: [] }).finalChatCompletion();
    const { message, finish_reason } = completion.choices[0] as OpenAI.ChatCompletion.Choice;
    if (way === "run") {
      expect(message.content).toBe(`${CALL.text}${SNOW.text}`);
      expect([finish_reason, message.tool_calls]).toEqual(["stop", undefined]);
      expect(completion.usage?.total_tokens).toBe(30);
    } else {
      expect(finish_reason).toBe("tool_calls");
      expect(message.tool_calls).toMatchObject([
        { id: "c1", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      ]);
      expect(completion.usage?.total_tokens).toBe(15);
    }
  });

  it("gives the openai SDK the calls that wait for the client, and the refusal", async () => {
    const { execute: _, ...declared } = weather;
    const { model } = await modelThat([CALL]);
    const pending = dataOf(
      await toResponse(model.runStream("Weather?", { tools: [declared] }), { format: "openai" }).text(),
    );
    expect(pending.join()).toContain('"finish_reason":"tool_calls"');
    expect(pending.join()).toContain('"name":"weather"');
    const refusing = await modelThat([{ text: "I will not.", reason: "refusal" }], "anthropic");
    const refused = dataOf(await toResponse(refusing.model.stream("Do it."), { format: "openai" }).text());
    expect(refused.join()).toContain('"refusal":"I will not."');
    expect(refused.at(-1)).toBe("[DONE]");
  });
});

describe("a failure", () => {
  const failingModel = async () => {
    const server = await serving(() => ({ status: 401, body: '{"error":{"message":"key sk-secret-1234 is wrong"}}' }));
    return modelAt("openai", server.origin);
  };

  it.each([
    ["sse", '{"type":"error","message":"The request failed.","code":"unauthorized"}'],
    ["openai", '{"error":{"message":"The request failed.","type":"server_error","code":"unauthorized"}}'],
    ["ai-sdk", '{"type":"error","errorText":"The request failed."}'],
  ] as const)("is an event of the %s format with a neutral text", async (format, expected) => {
    const model = await failingModel();
    expect(dataOf(await toResponse(model.stream("Hello"), { format }).text())).toContain(expected);
  });

  it("has the text of onError", async () => {
    const model = await failingModel();
    const response = toResponse(model.stream("Hello"), { onError: () => "Ask again later." });
    expect(await response.text()).toContain("Ask again later.");
  });

  it("has a neutral text when onError throws", async () => {
    const model = await failingModel();
    const onError = () => {
      throw new Error("sk-secret-1234");
    };
    expect(await toResponse(model.stream("Hello"), { onError }).text()).toContain("The request failed.");
  });

  it("cuts a text, which cannot report it", async () => {
    const model = await failingModel();
    await expect(toResponse(model.stream("Hello"), { format: "text" }).text()).rejects.toThrow();
  });

  it.each([
    [{ format: "xml" }, "format must be one of sse, text, ai-sdk, openai"],
    [{ headers: { a: 1 } }, "headers.a must be a string"],
    [{ headers: { "x y": "1" } }, "toResponse: headers: "],
    [{ onErr: () => "" }, 'unknown option "onErr" (did you mean "onError"?)'],
  ])("is not wrong options: %j are refused", async (options, words) => {
    const { model } = await modelThat([]);
    expect(() => toResponse(model.stream("Hello"), options as never)).toThrow(words);
    expect(() => toResponse("text" as never)).toThrow("needs the stream of model.stream()");
  });
});

describe("a client that disconnects", () => {
  const frameworks: Readonly<Record<string, (respond: () => Response) => http.RequestListener>> = {
    express: (respond) =>
      express().get("/", async (_, response) => {
        const { headers, body } = respond();
        response.setHeaders(headers);
        await pipeline(Readable.fromWeb(body as never), response).catch(() => {});
      }),
    hono: (respond) => {
      const app = new Hono().get("/", respond);
      return async (request, response) => {
        const { getRequestListener } = await import("@hono/node-server");
        return getRequestListener(app.fetch, { overrideGlobalObjects: false })(request, response);
      };
    },
  };
  it.each(Object.keys(frameworks))("aborts the call within 100 ms behind %s", async (name) => {
    const server = await serving(() => ({ ...unfinishedStream("openai"), stall: true }));
    const model = modelAt("openai", server.origin);
    const url = await listening(
      (frameworks[name] as (typeof frameworks)[string])(() => toResponse(model.stream("Hello"))),
    );
    const client = new AbortController();
    const response = await fetch(url, { signal: client.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    expect(server.sockets.size).toBe(1);
    client.abort();
    reader.releaseLock();
    expect(await within(1000, server.allClosed())).toBeLessThan(100);
  });
});
