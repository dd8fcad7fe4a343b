import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Message, type Model, type ModelError, ModelFactory } from "../../src/index.ts";

/** A mock server that others wrote: what our own test servers believe about the wires is checked against its beliefs. */
const WIRES = ["openai", "openai-responses", "anthropic", "google"] as const;
type Wire = (typeof WIRES)[number];

const PATHS: Readonly<Record<Wire, readonly [whole: string, stream: string]>> = {
  openai: ["/v1/chat/completions", "/v1/chat/completions"],
  "openai-responses": ["/v1/responses", "/v1/responses"],
  anthropic: ["/v1/messages", "/v1/messages"],
  google: ["/v1beta/models/some-model:generateContent", "/v1beta/models/some-model:streamGenerateContent?alt=sse"],
};
const LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen.";
const TOOLS = ["get_weather", "get_time"].map((name) => ({
  name,
  description: name,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}));
const Book = z.object({ title: z.string(), year: z.number() });

/** The same counts in the words of every wire. */
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  input_tokens: 11,
  output_tokens: 7,
  promptTokenCount: 11,
  candidatesTokenCount: 7,
  totalTokenCount: 18,
};

let mock: LLMock;
let factory: ModelFactory<Record<never, never>>;
beforeAll(async () => {
  mock = new LLMock({ port: 0 });
  mock.onMessage("greeting", { content: "Grüße, 世界 👋" });
  mock.onMessage("counted", {
    content: "Counted.",
    usage: USAGE,
  });
  mock.onMessage("thought", { content: "42", reasoning: "six times seven" });
  mock.onMessage("weather only", { toolCalls: [{ name: "get_weather", arguments: '{"city":"Paris"}' }] });
  mock.onMessage("both tools", {
    content: "I ask both.",
    toolCalls: [
      { name: "get_weather", arguments: '{"city":"Paris"}' },
      { name: "get_time", arguments: '{"city":"Rome"}' },
    ],
  });
  mock.on({ userMessage: "round trip", hasToolResult: true }, { content: "It is sunny in Paris." });
  mock.on(
    { userMessage: "round trip", hasToolResult: false },
    { toolCalls: [{ name: "get_weather", arguments: '{"city":"Paris"}' }] },
  );
  mock.onMessage("book", { content: '{"title":"Compilers","year":1986}' });
  mock.onMessage("limited", { error: { message: "slow down", type: "rate_limit_error" }, status: 429, retryAfter: 1 });
  mock.onMessage("broken", { error: { message: "boom", type: "server_error" }, status: 500 });
  mock.onMessage("dropped", { content: LONG }, { chunkSize: 8, latency: 15, disconnectAfterMs: 90 });
  mock.onMessage("slow", { content: LONG }, { chunkSize: 4, latency: 10 });
  await mock.start();
  const entry = (wire: Wire) => `
[models.${wire}]
name = "some-model"
provider = "aimock"
custom_llm_provider = "${wire}"
base_url = "${mock.url}${wire.startsWith("openai") ? "/v1" : ""}"
api_key = "any-key"
num_retries = 1
retry_min_wait = "1ms"
circuit_breaker = false
`;
  const chained = (wire: Wire) =>
    `${entry(wire).replace(`[models.${wire}]`, `[models.chain-${wire}]`)}fallback_models = ["${WIRES[(WIRES.indexOf(wire) + 1) % WIRES.length]}"]\n`;
  factory = ModelFactory.parse(WIRES.map((wire) => entry(wire) + chained(wire)).join(""), { env: {} });
});
afterAll(async () => {
  await factory.close();
  await mock.stop();
});
beforeEach(() => mock.clearRequests());

const paths = () => mock.getRequests().map(({ path }) => path);
const statuses = () => mock.getRequests().map(({ response }) => response.status);

async function failureOf(promise: Promise<unknown>): Promise<ModelError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: "ModelError" });
  return error as ModelError;
}

for (const wire of WIRES) {
  const [wholePath, streamPath] = PATHS[wire];
  let model: Model;
  beforeAll(() => {
    model = factory.get(wire);
  });

  describe(`the ${wire} wire as aimock speaks it`, () => {
    test("text, whole and as a stream", async () => {
      const whole = await model.codegen("Say a greeting");
      const stream = model.stream("Say a greeting");
      let text = "";
      for await (const piece of stream.text) text += piece;
      const streamed = await stream.reply;
      expect([whole.text, text, streamed.text]).toEqual(["Grüße, 世界 👋", "Grüße, 世界 👋", "Grüße, 世界 👋"]);
      expect([whole.finishReason, streamed.finishReason]).toEqual(["stop", "stop"]);
      expect(paths()).toEqual([wholePath, streamPath]);
    });

    test("reasoning beside the text", async () => {
      for (const reply of [await model.codegen("A thought"), await model.stream("A thought").reply]) {
        expect([reply.reasoning, reply.text]).toEqual(["six times seven", "42"]);
      }
      expect(mock.getRequests()).toHaveLength(2);
    });

    test("usage", async () => {
      for (const reply of [await model.codegen("counted"), await model.stream("counted").reply]) {
        expect(reply.usage).toMatchObject({ input: 11, output: 7, total: 18, estimated: false });
      }
    });

    test("a tool call", async () => {
      for (const reply of [
        await model.codegen("weather only", { tools: TOOLS }),
        await model.stream("weather only", { tools: TOOLS }).reply,
      ]) {
        expect(reply.toolCalls).toMatchObject([{ name: "get_weather", arguments: { city: "Paris" } }]);
        expect(reply.toolCalls[0]?.id).not.toBe("");
        expect(reply.finishReason).toBe("tool-calls");
      }
      expect(paths()).toEqual([wholePath, streamPath]);
    });

    test("parallel tool calls after a text", async () => {
      for (const reply of [
        await model.codegen("both tools", { tools: TOOLS }),
        await model.stream("both tools", { tools: TOOLS }).reply,
      ]) {
        expect(reply.text).toBe("I ask both.");
        expect(reply.toolCalls.map(({ name, arguments: args }) => [name, args])).toEqual([
          ["get_weather", { city: "Paris" }],
          ["get_time", { city: "Rome" }],
        ]);
        expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(2);
        expect(reply.finishReason).toBe("tool-calls");
      }
    });

    test("a tool call, its result, and the answer", async () => {
      const question: Message[] = [{ role: "user", content: "round trip: the weather in Paris?" }];
      const asked = await model.codegen(question, { tools: TOOLS });
      const [call] = asked.toolCalls;
      const history: Message[] = [
        ...question,
        asked.message,
        { role: "tool", content: [{ type: "tool-result", id: call?.id ?? "", content: '{"sky":"sunny"}' }] },
      ];
      const reply = await model.codegen(history, { tools: TOOLS });
      expect(reply.text).toBe("It is sunny in Paris.");
      expect(reply.finishReason).toBe("stop");
      expect(paths()).toEqual([wholePath, wholePath]);
      expect(JSON.stringify(mock.getLastRequest()?.body)).toContain("sunny");
    });

    test("an object", async () => {
      const { object, reply } = await model.object(Book, "Suggest a book");
      expect(object).toEqual({ title: "Compilers", year: 1986 });
      expect(reply.attempts).toHaveLength(1);
      const partials: unknown[] = [];
      const stream = model.streamObject(Book, "Suggest a book");
      for await (const partial of stream) partials.push(partial);
      expect(await stream.object).toEqual({ title: "Compilers", year: 1986 });
      expect(partials.at(-1)).toEqual({ title: "Compilers", year: 1986 });
      expect(paths()).toEqual([wholePath, streamPath]);
    });

    test("429: rate_limited, with the wait it asks for", async () => {
      for (const asked of [model.codegen("limited"), model.stream("limited").reply]) {
        const error = await failureOf(asked);
        expect([error.code, error.status, error.provider]).toEqual(["rate_limited", 429, "aimock"]);
        expect(error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
        expect(error.message).toContain("slow down");
      }
    });

    test("500: asked once more, then server_error", async () => {
      const error = await failureOf(model.codegen("broken"));
      expect([error.code, error.status]).toEqual(["server_error", 500]);
      expect(error.attempts).toHaveLength(2);
      expect(statuses()).toEqual([500, 500]);
    });

    test("one 500, then the answer", async () => {
      mock.nextRequestError(500, { message: "hiccup", type: "server_error" });
      const reply = await model.codegen("Say a greeting");
      expect(reply.text).toBe("Grüße, 世界 👋");
      expect(reply.attempts.map(({ outcome }) => outcome)).toEqual(["error", "ok"]);
      expect(mock.getRequests()).toHaveLength(2);
    });

    test("a stream that is cut is no answer", async () => {
      const stream = model.stream("dropped");
      const error = await failureOf(stream.reply);
      expect(["stream_truncated", "connection_failed"]).toContain(error.code);
      expect(LONG.startsWith(error.partial?.text ?? "")).toBe(true);
      expect(error.partial?.text ?? "").not.toBe(LONG);
    });

    test("leaving a stream in the middle", async () => {
      const stream = model.stream("slow");
      for await (const event of stream) if (event.type === "text-delta") break;
      const error = await failureOf(stream.reply);
      expect(error.code).toBe("aborted");
      expect(mock.getRequests()).toHaveLength(1);
    });

    test("a fallback on the next wire", async () => {
      // It asks for a wait of minutes, so the same model is not asked again.
      mock.nextRequestError(429, { message: "slow down", type: "rate_limit_error" });
      const reply = await factory.get(`chain-${wire}`).codegen("Say a greeting");
      const next = WIRES[(WIRES.indexOf(wire) + 1) % WIRES.length] as Wire;
      expect([reply.text, reply.model]).toEqual(["Grüße, 世界 👋", next]);
      expect(paths().at(-1)).toBe(PATHS[next][0]);
      expect(statuses()).toEqual([429, 200]);
      expect(reply.attempts).toHaveLength(2);
    });
  });
}
