import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelAt } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";

/** Answers in another thread, so that blocking this one does not delay it. */
const UPSTREAM = `
const { createServer } = require("node:http");
const { parentPort } = require("node:worker_threads");
const chunk = (delta, finish_reason = null) =>
  "data: " + JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] }) + "\\n\\n";
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.url.startsWith("/never")) return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ role: "assistant", content: "a" }));
    let left = 10;
    const timer = setInterval(() => {
      if (left-- > 0) return response.write(request.url.startsWith("/pings") ? ": ping\\n\\n" : chunk({ content: "b" }));
      clearInterval(timer);
      response.end(chunk({}, "stop") + "data: [DONE]\\n\\n");
    }, 20);
    response.on("close", () => clearInterval(timer));
  });
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address()));
`;

/** Longer than the limits below, and than what the server sends. */
const BLOCKED_MS = 600;

function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS);
}

describe("a thread that was blocked for longer than a limit reads first what has arrived", () => {
  let upstream: Worker;
  let origin = "";
  beforeAll(async () => {
    upstream = new Worker(UPSTREAM, { eval: true });
    const [{ port }] = (await once(upstream, "message")) as [AddressInfo];
    origin = `http://127.0.0.1:${port}`;
  });
  afterAll(() => upstream.terminate());

  // Also loads the SDK, which may take longer than the limits below.
  test("(a call that is not blocked)", async () => {
    expect((await modelAt("openai", origin).stream("Hello").reply).text).toBe(`a${"b".repeat(10)}`);
  });

  test.each([
    ["silence_timeout", "", 'silence_timeout = "300ms"'],
    ["idle_timeout", "", 'idle_timeout = "300ms"'],
    ["timeout", "", 'timeout = "500ms"'],
    ["deadline", "", 'deadline = "500ms"'],
    ["silence_timeout, with pings", "/pings", 'silence_timeout = "300ms"'],
  ])("%s", async (_, path, keys) => {
    const stream = modelAt("openai", `${origin}${path}`, keys).stream("Hello");
    const iterator = stream.text[Symbol.asyncIterator]();
    await iterator.next();
    block();
    expect((await stream.reply).finishReason).toBe("stop");
  });

  test("first_token_timeout", async () => {
    const stream = modelAt("openai", origin, 'first_token_timeout = "300ms"').stream("Hello");
    await new Promise((resolve) => setTimeout(resolve, 50));
    block();
    expect((await stream.reply).text).toMatch(/^ab+$/);
  });

  test("and a peer that sent nothing still fails", async () => {
    const failed = failureOf(modelAt("openai", `${origin}/never`, 'timeout = "500ms"').codegen("Hello"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    block();
    expect(await failed).toMatchObject({ code: "timed_out", phase: "attempt" });
  });
});
