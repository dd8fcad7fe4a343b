import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { chatEvents, serve } from "../harness/small-server.ts";
import { eventually } from "./raw-client.ts";
import { CHAT, chatBody, hostEntry, world } from "./world.ts";

/** A stream of a provider that says nothing until the test makes it. */
async function thinking(keys: string) {
  const clock = new FakeClock();
  const responses: ServerResponse[] = [];
  const upstream = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    responses.push(response);
  });
  const toml = hostEntry("openai", `${upstream.url}/v1`, `num_retries = 0\n${keys}`);
  const { post } = await world({ clock, factory: { clock }, toml });
  const responding = post(CHAT, chatBody("m", { stream: true }));
  await eventually(() => responses.length === 1);
  await quiet();
  await clock.advance(15_000);
  const reader = ((await responding).body as ReadableStream<Uint8Array>).getReader();
  const received = { text: "", ended: false };
  void (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read())
      received.text += Buffer.from(read.value).toString();
    received.ended = true;
  })();
  const pings = () => received.text.match(/^: keep-alive$/gm)?.length ?? 0;
  return { clock, response: responses[0] as ServerResponse, received, pings };
}

describe("a stream whose provider thinks", () => {
  it("G10: gets a sign of life every 15 s while the clocks of the provider run", async () => {
    const { clock, response, received, pings } = await thinking('silence_timeout = "10m"\nidle_timeout = "10m"');
    for (let beat = 1; beat <= 7; beat++) {
      await clock.advance(15_000);
      await eventually(() => pings() === beat);
    }
    for (const event of chatEvents(["Hello"]))
      response.write(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
    response.end();
    await eventually(() => received.ended);
    expect(received.text).toContain('"content":"Hello"');
    expect(received.text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("G10: gets none of a provider that has stalled, but an error and the end", async () => {
    const { clock, received, pings } = await thinking('first_token_timeout = "50s"');
    await clock.advance(15_000);
    await clock.advance(15_000);
    await eventually(() => pings() === 2);
    await clock.advance(6_000);
    await eventually(() => received.ended);
    const seen = received.text;
    expect(seen).toMatch(/"error":\{"message":"[^"]*first_token_timeout/);
    expect(seen).not.toContain("[DONE]");
    await clock.advance(60_000);
    expect([received.text, pings(), clock.pending]).toEqual([seen, 2, 0]);
  });
});
