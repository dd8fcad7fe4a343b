// A provider that costs almost nothing: precomputed answers of 300 tokens, streams of 300 deltas, on loopback.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const DELTAS = 300;
const WORD = "token ";
const TEXT = WORD.repeat(DELTAS);

const chatBody = JSON.stringify({
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-mini",
  choices: [
    { index: 0, message: { role: "assistant", content: TEXT, refusal: null }, logprobs: null, finish_reason: "stop" },
  ],
  usage: { prompt_tokens: 10, completion_tokens: DELTAS, total_tokens: DELTAS + 10 },
});
const messageBody = JSON.stringify({
  id: "m1",
  type: "message",
  role: "assistant",
  model: "claude-haiku-4-5",
  content: [{ type: "text", text: TEXT }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: DELTAS },
});
const geminiBody = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: TEXT }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: DELTAS, totalTokenCount: DELTAS + 10 },
  modelVersion: "gemini-2.5-flash",
  responseId: "g1",
});

const chunk = (delta: unknown, finish: string | null) =>
  `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`;
const chatStream = [
  chunk({ role: "assistant", content: "" }, null),
  ...Array.from({ length: DELTAS }, () => chunk({ content: WORD }, null)),
  chunk({}, "stop"),
  `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: [], usage: { prompt_tokens: 10, completion_tokens: DELTAS, total_tokens: DELTAS + 10 } })}\n\n`,
  "data: [DONE]\n\n",
].join("");

const event = (body: { type: string; [key: string]: unknown }) =>
  `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`;
const messageStream = [
  event({
    type: "message_start",
    message: {
      id: "m1",
      type: "message",
      role: "assistant",
      model: "claude-haiku-4-5",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  }),
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  ...Array.from({ length: DELTAS }, () =>
    event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: WORD } }),
  ),
  event({ type: "content_block_stop", index: 0 }),
  event({
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: DELTAS },
  }),
  event({ type: "message_stop" }),
].join("");

const part = (text: string, finish?: string) =>
  `data: ${JSON.stringify({ candidates: [{ content: { role: "model", parts: [{ text }] }, ...(finish !== undefined && { finishReason: finish }), index: 0 }], usageMetadata: { promptTokenCount: 10, candidatesTokenCount: DELTAS, totalTokenCount: DELTAS + 10 }, modelVersion: "gemini-2.5-flash", responseId: "g1" })}\n\n`;
const geminiStream = [...Array.from({ length: DELTAS - 1 }, () => part(WORD)), part(WORD, "STOP")].join("");

const server = createServer((request, response) => {
  let sent = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => {
    sent += text;
  });
  request.on("end", () => {
    const path = request.url ?? "";
    const streaming = path.includes("streamGenerateContent") || sent.includes('"stream":true');
    const [body, events] = path.includes("/chat/completions")
      ? [chatBody, chatStream]
      : path.includes("/messages")
        ? [messageBody, messageStream]
        : [geminiBody, geminiStream];
    response.writeHead(200, { "content-type": streaming ? "text/event-stream" : "application/json" });
    response.end(streaming ? events : body);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
