import { expect, it } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { ERROR_CODES } from "../../src/core/error-codes.ts";
import { chatServer } from "../../src/dialects/openai/server/chat-server.ts";
import { failureOf } from "../../src/gateway/problems.ts";
import type { SimulatedAnswer } from "../../src/simulator/server.ts";
import { describeWith } from "../harness/needs.ts";
import * as openai from "../harness/openai-schema.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { CHAT, type World, world } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const schema = {
  type: "object",
  properties: { name: { type: "string" } },
  required: ["name"],
  additionalProperties: false,
};
const call = { name: "weather", arguments: { city: "Oslo" } };

interface Case {
  readonly chat: Json;
  readonly responses: Json;
  readonly answer?: SimulatedAnswer;
  /** An upstream that has only an error for this. */
  readonly refusedBy?: Wire;
}

/** What a client asks for, and what the upstream answers. */
const CASES: Readonly<Record<string, Case>> = {
  text: { chat: {}, responses: {} },
  tools: {
    chat: { tools: [{ type: "function", function: { name: "weather", parameters } }] },
    responses: { tools: [{ type: "function", name: "weather", parameters, strict: true }] },
    answer: { text: "A moment.", toolCalls: [call, call] },
  },
  reasoning: {
    chat: { reasoning_effort: "high" },
    responses: { reasoning: { effort: "high", summary: "auto" }, include: ["reasoning.encrypted_content"] },
    answer: { text: "Hello.", reasoning: "The user greets me." },
  },
  logprobs: {
    chat: { logprobs: true, top_logprobs: 2 },
    responses: { include: ["message.output_text.logprobs"], top_logprobs: 2 },
  },
  "structured output": {
    chat: { response_format: { type: "json_schema", json_schema: { name: "a", schema, strict: true } } },
    responses: { text: { format: { type: "json_schema", name: "a", schema, strict: true } } },
  },
  "a refusal": {
    ...{ chat: {}, responses: {}, refusedBy: "google" },
    answer: { refusal: "I cannot.", finish: "refusal" },
  },
  "a token limit": { chat: { max_tokens: 5 }, responses: { max_output_tokens: 16 } },
  "several answers": { chat: { n: 2 }, responses: {} },
};

/** Checks the answers to one request in every form; returns what was checked. */
async function checkAnswers({ post }: World, model: Wire, { chat, responses, refusedBy }: Case): Promise<void> {
  const messages = [{ role: "user", content: "Hello, as json" }];
  const body = await post(CHAT, { model, messages, ...chat });
  expect(body.status).toBe(model === refusedBy ? 400 : 200);
  if (!body.ok) return openai.validateError(await body.json());
  openai.validateChatResponse(await body.json());
  const usage = { stream_options: { include_usage: true } };
  const chunks = await eventsIn(await post(CHAT, { model, messages, ...chat, stream: true, ...usage }));
  for (const chunk of chunks) openai.validateChatChunk(chunk);
  const input = { model, input: "Hello, as json", ...responses };
  openai.validateResponsesResponse(await (await post("/v1/responses", input)).json());
  const events = await eventsIn(await post("/v1/responses", { ...input, stream: true }));
  for (const event of events) openai.validateResponsesEvent(event);
  expect([chunks.length, events.length].every((count) => count > 2)).toBe(true);
}

async function eventsIn(response: Response): Promise<readonly Json[]> {
  const lines = [...(await response.text()).matchAll(/^data: (\{.*)$/gm)];
  return lines.map(([, data = ""]) => JSON.parse(data) as Json);
}

describeWith("contracts", "answers in the wire formats of OpenAI", () => {
  it.each(Object.keys(CASES))("are valid for %s, from upstreams of every wire format", async (name) => {
    const asked = CASES[name] as Case;
    const { answer } = asked;
    const made = await world({
      lines: "num_retries = 0",
      ...(answer && { simulator: { answers: () => answer } }),
    });
    for (const model of WIRES) await checkAnswers(made, model, asked);
  });

  it("are valid for embeddings and models", async () => {
    const embedder =
      '[models.embedder]\nbase_url = "BASE/v1"\napi_key = "k"\nname = "text-embedding-3-small"\nprovider = "openai"\n';
    const { post, url } = await world({ toml: embedder });
    const embedded = await post("/v1/embeddings", { model: "embedder", input: ["a", "b"] });
    openai.validateEmbeddingResponse(await embedded.json());
    openai.validateModelList(await (await fetch(`${url}/v1/models`)).json());
    openai.validateModel(await (await fetch(`${url}/v1/models/openai`)).json());
  });

  it.each(Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[])("are valid for the error %s", async (code) => {
    const { problem } = failureOf(new ModelError({ code, message: "It failed." }));
    openai.validateError(chatServer.problem(problem, "req_1").body);
  });

  it("are valid for a stream that fails", async () => {
    const { post, simulator } = await world();
    simulator.script({ cut: { afterEvents: 6 } });
    const events = await eventsIn(
      await post("/v1/responses", { model: "openai-responses", input: "Hello", stream: true }),
    );
    for (const event of events) openai.validateResponsesEvent(event);
    expect(events.at(-1)?.type).toBe("response.failed");
  });
});
