// A server with as little overhead as possible: all answers are computed before the first request.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { MODEL_NAMES, WORDS, word } from "./scenarios.ts";

const words = Array.from({ length: WORDS }, (_, index) => word(index));
const text = words.join("");

interface Answers {
  readonly body: Buffer;
  readonly events: Buffer;
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const event = (data: unknown, name?: string) =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

function chatCompletions(): Answers {
  const usage = { prompt_tokens: 120, completion_tokens: WORDS, total_tokens: WORDS + 120 };
  const head = { id: "chatcmpl-1", created: 1, model: MODEL_NAMES.openai };
  const choice = { index: 0, logprobs: null, finish_reason: "stop" };
  const chunk = (delta: unknown, reason: string | null) =>
    event({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: reason }] });
  return {
    body: json({
      ...head,
      object: "chat.completion",
      choices: [{ ...choice, message: { role: "assistant", content: text, refusal: null } }],
      usage,
    }),
    events: Buffer.from(
      [
        chunk({ role: "assistant", content: "" }, null),
        ...words.map((content) => chunk({ content }, null)),
        chunk({}, "stop"),
        event({ ...head, object: "chat.completion.chunk", choices: [], usage }),
        "data: [DONE]\n\n",
      ].join(""),
    ),
  };
}

function messages(): Answers {
  const head = { id: "msg_1", type: "message", role: "assistant", model: MODEL_NAMES.anthropic, stop_sequence: null };
  const usage = { input_tokens: 120, output_tokens: WORDS };
  const events: { type: string; [field: string]: unknown }[] = [
    {
      type: "message_start",
      message: { ...head, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...words.map((part) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: part } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: WORDS } },
    { type: "message_stop" },
  ];
  return {
    body: json({ ...head, content: [{ type: "text", text }], stop_reason: "end_turn", usage }),
    events: Buffer.from(events.map((data) => event(data, data.type)).join("")),
  };
}

function generateContent(): Answers {
  const response = (part: string, tokens: number, isLast: boolean) => ({
    candidates: [
      { content: { role: "model", parts: [{ text: part }] }, ...(isLast && { finishReason: "STOP" }), index: 0 },
    ],
    usageMetadata: { promptTokenCount: 120, candidatesTokenCount: tokens, totalTokenCount: tokens + 120 },
    modelVersion: MODEL_NAMES.google,
    responseId: "response-1",
  });
  return {
    body: json(response(text, WORDS, true)),
    events: Buffer.from(words.map((part, index) => event(response(part, index + 1, index === WORDS - 1))).join("")),
  };
}

const [openai, anthropic, google] = [chatCompletions(), messages(), generateContent()];

/** Only Gemini has a separate path for streams; the other two set it in the body. */
function isStream(path: string, sent: readonly Buffer[]): boolean {
  return path.includes(":streamGenerateContent") || /"stream": ?true/.test(Buffer.concat(sent).toString("latin1"));
}

const server = createServer((request, response) => {
  const sent: Buffer[] = [];
  request.on("data", (chunk: Buffer) => sent.push(chunk));
  request.on("end", () => {
    const path = request.url ?? "";
    const answers = path.endsWith("/chat/completions") ? openai : path.endsWith("/messages") ? anthropic : google;
    if (isStream(path, sent)) response.writeHead(200, { "content-type": "text/event-stream" }).end(answers.events);
    else {
      const { body } = answers;
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
    }
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit());
