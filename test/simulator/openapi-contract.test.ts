import { readFileSync } from "node:fs";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import type { Fault } from "../../src/simulator/server.ts";
import { fixture } from "../harness/fixtures.ts";
import { describeWith } from "../harness/needs.ts";
import { bench, PERSON_SCHEMA, PIXEL, WEATHER_SCHEMA } from "./sdk-clients.ts";

const DESCRIPTION = fixture("contracts/openai-openapi.json");

interface Case {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly fault?: Fault;
}

const user = { role: "user", content: "What is the weather in Paris?" };
const weather = { name: "get_weather", description: "Weather of a city", parameters: WEATHER_SCHEMA, strict: true };
const chatTools = [{ type: "function", function: weather }];
const flatTools = [{ type: "function", ...weather }];
const picture = `data:image/png;base64,${PIXEL}`;
const format = { name: "person", strict: true, schema: PERSON_SCHEMA };

const CHAT: readonly Case[] = [
  { name: "text", body: { messages: [user] } },
  {
    name: "samples, log probabilities, usage",
    body: { messages: [user], n: 2, logprobs: true, top_logprobs: 1, stream_options: { include_usage: true } },
  },
  { name: "tool call", body: { messages: [user], tools: chatTools } },
  {
    name: "structured output",
    body: { messages: [user], response_format: { type: "json_schema", json_schema: format } },
  },
  { name: "reasoning", body: { model: "gpt-5", messages: [user], reasoning_effort: "high" } },
  {
    name: "picture",
    body: { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: picture } }] }] },
  },
  { name: "length", body: { messages: [user], max_tokens: 3 } },
  { name: "refusal", body: { messages: [user] }, fault: { kind: "refusal" } },
  { name: "filter", body: { messages: [user] }, fault: { kind: "filter" } },
];

const RESPONSES: readonly Case[] = [
  { name: "text", body: { input: "Hello", instructions: "Be brief" } },
  { name: "tool call", body: { input: [user], tools: flatTools, tool_choice: "required" } },
  { name: "structured output", body: { input: "Invent", text: { format: { type: "json_schema", ...format } } } },
  {
    name: "reasoning with summary and sealed content",
    body: {
      model: "gpt-5",
      input: "Think",
      reasoning: { effort: "high", summary: "auto" },
      include: ["reasoning.encrypted_content"],
      store: false,
    },
  },
  {
    name: "picture",
    body: { input: [{ role: "user", content: [{ type: "input_image", image_url: picture, detail: "auto" }] }] },
  },
  { name: "length", body: { input: "Hello", max_output_tokens: 3 } },
  { name: "refusal", body: { input: "Hello" }, fault: { kind: "refusal" } },
  { name: "filter", body: { input: "Hello" }, fault: { kind: "filter" } },
  { name: "error in mid-stream", body: { input: "Hello" }, fault: { errorEvent: { afterEvents: 4 } } },
];

describeWith("contracts", "answers against OpenAI's own description of its API", () => {
  const validator = validatorOf(DESCRIPTION);

  it.each(CHAT)("chat body: $name", async ({ body, fault }) => {
    const { stream_options: _only, ...plain } = body;
    const reply = await post("/v1/chat/completions", { model: "gpt-4o", ...plain }, fault);
    expect(problems(validator("CreateChatCompletionResponse"), JSON.parse(reply))).toEqual([]);
  });

  it.each(CHAT)("chat chunks: $name", async ({ body, fault }) => {
    const chunks = dataOf(await post("/v1/chat/completions", { model: "gpt-4o", ...body, stream: true }, fault));
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.flatMap((chunk) => problems(validator("CreateChatCompletionStreamResponse"), chunk))).toEqual([]);
  });

  it.each(RESPONSES)("responses body: $name", async ({ name, body, fault }) => {
    const reply = JSON.parse(await post("/v1/responses", { model: "gpt-4o", ...body }, fault)) as object;
    const schema = name === "error in mid-stream" ? "ErrorResponse" : "Response";
    expect(problems(validator(schema), reply)).toEqual([]);
  });

  it.each(RESPONSES)("responses events: $name", async ({ body, fault }) => {
    const events = dataOf(await post("/v1/responses", { model: "gpt-4o", ...body, stream: true }, fault));
    expect(events.length).toBeGreaterThan(4);
    const found = events.flatMap((event) => problems(validator(EVENT_SCHEMAS[String(event.type)] ?? "missing"), event));
    expect(found).toEqual([]);
  });

  it("token counts, models and errors match the API description", async () => {
    const { simulator } = await bench();
    const json = async (path: string, init?: RequestInit) => (await fetch(simulator.url + path, init)).json();
    const count = await json("/v1/responses/input_tokens", { method: "POST", body: '{"model":"m","input":"x"}' });
    expect(problems(validator("TokenCountsResource"), count)).toEqual([]);
    expect(problems(validator("ListModelsResponse"), await json("/v1/models"))).toEqual([]);
    expect(
      problems(validator("ErrorResponse"), await json("/v1/chat/completions", { method: "POST", body: "{}" })),
    ).toEqual([]);
  });

  it("detects a field of the wrong type", () => {
    expect(problems(validator("CreateChatCompletionResponse"), { id: 7 })).not.toEqual([]);
  });
});

const EVENT_SCHEMAS: Readonly<Record<string, string>> = {
  "response.created": "ResponseCreatedEvent",
  "response.in_progress": "ResponseInProgressEvent",
  "response.output_item.added": "ResponseOutputItemAddedEvent",
  "response.output_item.done": "ResponseOutputItemDoneEvent",
  "response.content_part.added": "ResponseContentPartAddedEvent",
  "response.content_part.done": "ResponseContentPartDoneEvent",
  "response.output_text.delta": "ResponseTextDeltaEvent",
  "response.output_text.done": "ResponseTextDoneEvent",
  "response.refusal.delta": "ResponseRefusalDeltaEvent",
  "response.refusal.done": "ResponseRefusalDoneEvent",
  "response.function_call_arguments.delta": "ResponseFunctionCallArgumentsDeltaEvent",
  "response.function_call_arguments.done": "ResponseFunctionCallArgumentsDoneEvent",
  "response.reasoning_summary_part.added": "ResponseReasoningSummaryPartAddedEvent",
  "response.reasoning_summary_part.done": "ResponseReasoningSummaryPartDoneEvent",
  "response.reasoning_summary_text.delta": "ResponseReasoningSummaryTextDeltaEvent",
  "response.reasoning_summary_text.done": "ResponseReasoningSummaryTextDoneEvent",
  "response.completed": "ResponseCompletedEvent",
  "response.incomplete": "ResponseIncompleteEvent",
  "response.failed": "ResponseFailedEvent",
  error: "ResponseErrorEvent",
};

async function post(path: string, body: object, fault: Fault | undefined): Promise<string> {
  const { simulator } = await bench({ script: fault === undefined ? [] : [fault] });
  const response = await fetch(simulator.url + path, { method: "POST", body: JSON.stringify(body) });
  return response.text();
}

function dataOf(stream: string): readonly Record<string, unknown>[] {
  const lines = stream.split("\n").filter((line) => line.startsWith("data: ") && line !== "data: [DONE]");
  return lines.map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
}

function problems(validate: ValidateFunction | undefined, value: unknown): readonly string[] {
  if (validate === undefined || validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

function validatorOf(file: string): (name: string) => ValidateFunction | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
  ajv.addSchema(nullAsType(JSON.parse(readFileSync(file, "utf8"))) as object, "openai");
  return (name) => ajv.getSchema(`openai#/components/schemas/${name}`);
}

/** OpenAPI 3.0's `nullable` is not JSON Schema: rewritten as a choice with null. */
function nullAsType(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(nullAsType);
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const plain = Object.fromEntries(Object.entries(rest).map(([keyword, value]) => [keyword, nullAsType(value)]));
  return nullable === true ? { anyOf: [plain, { type: "null" }] } : plain;
}
