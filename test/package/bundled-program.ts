// A program that test/package/bundles.test.ts bundles and runs: it prints what came of each part, as JSON.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, isModelError, ModelFactory } from "modelwright";
import { z } from "zod";

type Answer = { readonly body: object; readonly events: readonly object[] };

/** Answers of each wire, by the path that is asked; the streams tell no usage. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  "/chat/completions": {
    body: {
      id: "1",
      object: "chat.completion",
      model: "m",
      choices: [{ index: 0, message: { role: "assistant", content: '{"n":7}' }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
    },
    events: [
      { id: "1", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: "seven" } }] },
      { id: "1", object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    ],
  },
  "/responses": responses(),
  "/v1/messages": {
    body: {
      ...{ id: "1", type: "message", role: "assistant", model: "m", stop_reason: "end_turn" },
      content: [{ type: "text", text: '{"n":7}' }],
      usage: { input_tokens: 3, output_tokens: 1 },
    },
    events: [
      { type: "message_start", message: { id: "1", type: "message", role: "assistant", model: "m", content: [] } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "seven" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" } },
      { type: "message_stop" },
    ],
  },
  "/v1beta/models": {
    body: {
      candidates: [{ content: { role: "model", parts: [{ text: '{"n":7}' }] }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 },
    },
    events: [
      { candidates: [{ content: { role: "model", parts: [{ text: "seven" }] }, index: 0 }] },
      { candidates: [{ content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP", index: 0 }] },
    ],
  },
};

function responses(): Answer {
  const message = (text: string) => ({
    ...{ type: "message", id: "msg", role: "assistant", status: "completed" },
    content: [{ type: "output_text", text, annotations: [] }],
  });
  const response = { id: "resp", object: "response", created_at: 1, model: "m" };
  const usage = { input_tokens: 3, output_tokens: 1, total_tokens: 4 };
  const place = { item_id: "msg", output_index: 0, content_index: 0 };
  return {
    body: { ...response, status: "completed", output: [message('{"n":7}')], usage },
    events: [
      { type: "response.created", sequence_number: 0, response: { ...response, status: "in_progress", output: [] } },
      { type: "response.output_text.delta", sequence_number: 1, ...place, delta: "seven" },
      {
        ...{ type: "response.completed", sequence_number: 2 },
        response: { ...response, status: "completed", output: [message("seven")] },
      },
    ],
  };
}

const WIRES = ["openai", "openai-responses", "anthropic", "google"] as const;

async function main(): Promise<void> {
  const server = await listening();
  const { port } = server.address() as AddressInfo;
  const entries = WIRES.map((wire) => {
    const base = `http://127.0.0.1:${port}`;
    return `[models.${wire}]\nname = "m"\nprovider = "host"\ncustom_llm_provider = "${wire}"\nbase_url = "${base}"\napi_key = "none"\nnum_retries = 0\n`;
  });
  const factory = ModelFactory.parse(`[models.known]\nname = "gpt-4o"\nprovider = "openai"\n${entries.join("")}`, {
    env: { OPENAI_API_KEY: "none" },
  });
  const known = factory.get("known");
  const result = {
    problems: problemsOf('[models.coder]\nname = "gpt-4o"\nprovidre = "openai"\n'),
    estimate: known.estimate("How many?"),
    tokens: await known.countTokens("How many?"),
    prices: ["gpt-4o", "gemini-3.8-flash"].map((id) => factory.info(id)?.price?.input),
    calls: Object.fromEntries(await Promise.all(WIRES.map(async (wire) => [wire, await callsOf(factory, wire)]))),
    refused: await refusal(factory),
    simulated: await simulation(),
    budget: await budgetIn(`http://127.0.0.1:${port}`),
  };
  await factory.close();
  server.close();
  console.log(JSON.stringify(result));
}

function problemsOf(toml: string): unknown {
  try {
    ModelFactory.parse(toml);
    return "no error";
  } catch (error) {
    return (
      error instanceof ConfigError && error.problems.map(({ line, column, suggestion }) => [line, column, suggestion])
    );
  }
}

async function callsOf(factory: ModelFactory, wire: string): Promise<unknown> {
  const model = factory.get(wire);
  const reply = await model.codegen("How many?");
  const stream = model.stream("How many?");
  let streamed = "";
  for await (const text of stream.text) streamed += text;
  const { object } = await model.object(z.object({ n: z.number() }), "How many?");
  const { usage } = await stream.reply;
  return {
    text: reply.text,
    total: reply.usage.total,
    streamed,
    estimated: usage.estimated,
    input: usage.input,
    object,
  };
}

async function refusal(factory: ModelFactory): Promise<unknown> {
  const outcome = await factory.get("openai").safeCodegen("How many?", { metadata: { fail: "yes" } });
  return !outcome.ok && isModelError(outcome.error) && [outcome.error.code, outcome.error.status];
}

async function simulation(): Promise<boolean> {
  const factory = ModelFactory.parse('[models.s]\nname = "gpt-4o"\nprovider = "simulator"\n', { env: {} });
  const { text } = await factory.get("s").codegen("Hello");
  await factory.close();
  return text.includes("simulated");
}

/** The state of a budget that is counted in a SQLite file, after two calls of two factories. */
async function budgetIn(url: string): Promise<unknown> {
  const baseDir = mkdtempSync(join(tmpdir(), "bundled-"));
  const toml = `[models.m]
name = "m"
provider = "host"
custom_llm_provider = "openai"
base_url = "${url}"
api_key = "none"
max_new_tokens = 10
pricing = { input = 0, output = 1000 }
[budgets.b]
usd = 1
[state]
store = "sqlite"
`;
  const factories = [1, 2].map(() => ModelFactory.parse(toml, { baseDir, env: {} }));
  for (const factory of factories) await factory.get("m").codegen("How many?");
  await factories[1]?.close();
  const [status] = (await factories[0]?.budgets.status()) ?? [];
  for (const factory of factories) await factory.close();
  rmSync(baseDir, { recursive: true });
  return [status?.spent, status?.reserved];
}

async function listening(): Promise<Server> {
  const server = createServer(async (request, response) => {
    let sent = "";
    for await (const piece of request) sent += String(piece);
    const answer = Object.entries(ANSWERS).find(([path]) => request.url?.startsWith(path))?.[1];
    const streams = sent.includes('"stream":true') || request.url?.includes("alt=sse") === true;
    if (answer === undefined || sent.includes('"fail"')) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":{"message":"unknown key"}}');
    } else if (streams) {
      const lines = answer.events.map((event) => `event: ${typeOf(event)}\ndata: ${JSON.stringify(event)}\n\n`);
      response.writeHead(200, { "content-type": "text/event-stream" }).end(lines.join(""));
    } else {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function typeOf(event: object): string {
  return "type" in event ? String(event.type) : "message";
}

void main();
