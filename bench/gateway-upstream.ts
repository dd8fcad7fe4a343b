// The provider of `npm run bench:gateway`: precomputed chat completions, and streams of three kinds by the base URL.
// node gateway-upstream.ts; sends { port }.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DELTAS, PACE_MS } from "./gateway-load.ts";

const text = Array.from({ length: 300 }, (_, index) => `item ${index} `).join("");
const head = { id: "chatcmpl-1", created: 1, model: "gpt-4o" };
const usage = { prompt_tokens: 120, completion_tokens: 300, total_tokens: 420 };
const BODY = Buffer.from(
  JSON.stringify({
    ...head,
    object: "chat.completion",
    choices: [
      { index: 0, logprobs: null, finish_reason: "stop", message: { role: "assistant", content: text, refusal: null } },
    ],
    usage,
  }),
);
const event = (choices: readonly object[], more: object = {}) =>
  Buffer.from(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...more })}\n\n`);
const delta = (content: object, reason: string | null = null) =>
  event([{ index: 0, delta: content, finish_reason: reason }]);
const FIRST = delta({ role: "assistant", content: "" });
/** Repeated text would end the answer as a loop. */
const PARTS = Array.from({ length: DELTAS + 1 }, (_, index) => delta({ content: `item ${100 + index} ` }));
const LAST = Buffer.concat([delta({}, "stop"), event([], { usage }), Buffer.from("data: [DONE]\n\n")]);

/** One delta in each write, as providers send them. */
function paced(response: ServerResponse): void {
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    if (sent <= DELTAS) return void response.write(PARTS[sent]);
    clearInterval(timer);
    response.end(LAST);
  }, PACE_MS);
  response.on("close", () => clearInterval(timer));
}

const server = createServer((request, response) => {
  const sent: Buffer[] = [];
  request.on("data", (chunk: Buffer) => sent.push(chunk));
  request.on("end", () => {
    if (!/"stream": ?true/.test(Buffer.concat(sent).toString("latin1"))) {
      response.writeHead(200, { "content-type": "application/json", "content-length": BODY.length }).end(BODY);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(FIRST);
    response.write(PARTS[0]);
    // The other kind stays open.
    if (!request.url?.startsWith("/open/")) paced(response);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit());
