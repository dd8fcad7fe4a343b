import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { serve } from "../harness/small-server.ts";
import { WIRES } from "../harness/wires.ts";
import { ERROR_SHAPE, eventually, PATHS, parsed, rawClient } from "./raw-client.ts";
import { CHAT, chatBody, world } from "./world.ts";

it("G02: headers that dribble, and connections that say nothing, get 408 while others are served", async () => {
  const { url, post } = await world({ patience: { headersMs: 160, writeMs: 30_000 } });
  const dribblers = Array.from({ length: 20 }, () => rawClient(url));
  const silent = Array.from({ length: 20 }, () => rawClient(url));
  for (const client of dribblers) client.write(`POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\nx-long: `);
  const open = () => dribblers.some(({ socket }) => !socket.destroyed);
  let served = 0;
  while (open()) {
    for (const { socket } of dribblers) if (!socket.destroyed) socket.write("x");
    expect((await post(CHAT, chatBody("openai"))).status).toBe(200);
    served += 1;
  }
  expect(served).toBeGreaterThan(0);
  for (const client of [...dribblers, ...silent]) {
    const { status, head, body } = parsed(await client.ended());
    expect([status, body]).toMatchObject([408, ERROR_SHAPE.openai]);
    expect(head).toContain("connection: close");
  }
});

it("G02: a body that dribbles gets 408 in the words of its wire; a slow one that arrives is served", async () => {
  const clock = new FakeClock();
  const { url, log } = await world({ clock });
  const head = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\ncontent-type: application/json\r\n\r\n`;
  const dribblers = WIRES.map((wire) => ({ wire, client: rawClient(url) }));
  for (const { wire, client } of dribblers) client.write(`${head(PATHS[wire], 5_000)}{`);
  const body = JSON.stringify(chatBody("openai", { user: "x".repeat(3_000) }));
  const slow = rawClient(url);
  slow.write(head(CHAT, body.length) + body.slice(0, 10));
  await eventually(() => clock.pending === 5);
  for (let at = 10; at < body.length; at += 1_500) {
    const sent = slow.socket.bytesWritten;
    slow.write(body.slice(at, at + 1_500));
    for (const { client } of dribblers) client.write(" ");
    await eventually(() => slow.socket.bytesWritten > sent);
    await quiet();
    await clock.advance(8_000);
  }
  await slow.until('"object":"chat.completion"');
  for (const { wire, client } of dribblers) {
    const { status, head: received, body: problem } = parsed(await client.ended());
    expect([status, problem], wire).toMatchObject([408, ERROR_SHAPE[wire]]);
    expect(received.toLowerCase()).toContain("connection: close");
  }
  expect(log.map(({ status }) => status).sort()).toEqual([200, 408, 408, 408, 408]);
});

const FLOOD_BYTES = 64 * 1024 * 1024;

/** A provider that sends a long answer as fast as it is read, and how much it has sent. */
async function flood() {
  const sent = { bytes: 0, waits: false, closed: false };
  const write = async (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let goOn = () => {};
    response.on("drain", () => goOn());
    response.on("close", () => {
      sent.closed = true;
      goOn();
    });
    // Repeated text would end the answer as a loop.
    const content = (from: number) =>
      Array.from({ length: 2_000 }, (_, index) => (from + index).toString(36)).join(" ");
    while (sent.bytes < FLOOD_BYTES && !sent.closed) {
      const choices = [{ index: 0, delta: { content: content(sent.bytes) }, finish_reason: null }];
      const event = `data: ${JSON.stringify({ id: "c", choices })}\n\n`;
      sent.bytes += event.length;
      if (response.write(event)) continue;
      sent.waits = true;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      sent.waits = false;
    }
  };
  const { url } = await serve((_, response) => void write(response));
  return { url, sent };
}

it("G07: a client that does not read pauses the provider, and is cut after 30 s", async () => {
  const { url: base, sent } = await flood();
  const clock = new FakeClock();
  const flooding = `[models.flood]\nname = "m"\nprovider = "host"\ncustom_llm_provider = "openai"\nbase_url = "${base}/v1"\napi_key = "test-key"\n`;
  const { url, log } = await world({ clock, factory: { clock }, toml: flooding });
  const client = rawClient(url);
  const body = JSON.stringify(chatBody("flood", { stream: true }));
  client.socket.pause();
  client.write(`POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  let before = -1;
  while (before !== sent.bytes || !sent.waits) {
    before = sent.bytes;
    for (let turn = 0; turn < 20; turn++) await quiet();
  }
  // What is under way is in the buffers of the system, not in the memory of the gateway.
  expect(sent.bytes).toBeLessThan(FLOOD_BYTES / 2);
  expect(log).toEqual([]);
  await clock.advance(29_000);
  expect(sent.closed).toBe(false);
  await clock.advance(2_000);
  await eventually(() => sent.closed && log.length === 1);
  expect(log).toMatchObject([{ left: true, code: "aborted" }]);
  client.socket.resume();
  expect(await client.ended()).not.toContain("[DONE]");
});

it("G07: a client that does not read a long body is cut", async () => {
  const long = "x".repeat(24 * 1024 * 1024);
  const { url, log } = await world({
    patience: { headersMs: 8_000, writeMs: 50 },
    simulator: { script: [{ answer: { text: long } }] },
  });
  const client = rawClient(url);
  client.socket.pause();
  const body = JSON.stringify(chatBody("openai"));
  client.write(`POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await eventually(() => log.length === 1);
  // The same event loop runs the timer of the server, which is due earlier.
  await sleep(500);
  client.socket.resume();
  expect((await client.ended()).length).toBeLessThan(long.length);
});
