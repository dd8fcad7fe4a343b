import { expect, it } from "vitest";
import { eventually, rawClient } from "./raw-client.ts";
import { CHAT, chatBody, world } from "./world.ts";

const KEYS = ["ann", "bob"].map((name) => `[gateway.keys.${name}]\nkey = "mw-${name}-0123456789ab"\n`).join("");
const as = (name: string) => ({ authorization: `Bearer mw-${name}-0123456789ab` });

it("G11: the flood of one key gets 429, others are served, and all slots return", async () => {
  const toml = `[gateway]\nmax_in_flight = 16\n${KEYS}`;
  const script = [{ stall: { afterEvents: 4 }, times: 8, match: { model: "claude-sonnet-4-5" } }];
  const { post, simulator, log } = await world({ toml, simulator: { script } });
  for (let flood = 1; flood <= 2; flood++) {
    if (flood === 2) simulator.script(...script);
    const leave = new AbortController();
    const streaming = chatBody("anthropic", { stream: true });
    const flooding = await Promise.all(
      Array.from({ length: 100 }, () => post(CHAT, streaming, as("ann"), leave.signal)),
    );
    const statuses = flooding.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(8);
    expect(statuses.filter((status) => status === 429)).toHaveLength(92);
    const refused = flooding.find(({ status }) => status === 429) as Response;
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({
      error: { message: 'The key "ann" has too many requests in flight.' },
    });
    for (let request = 0; request < 5; request++)
      expect((await post(CHAT, chatBody("openai"), as("bob"))).status).toBe(200);
    leave.abort();
    await eventually(() => log.filter(({ left }) => left).length === 8 * flood);
  }
});

it("G11: keys take turns at a slot of an entry, whatever users they name", async () => {
  const { post, simulator } = await world({
    toml: KEYS,
    lines: "num_retries = 0\nmax_parallel = 1",
    // Until all others wait.
    simulator: { script: [{ delayMs: 700 }] },
  });
  const ask = (name: string, text: string, user: string) =>
    post(CHAT, { model: "openai", user, messages: [{ role: "user", content: text }] }, as(name));
  const first = ask("ann", "flood", "first");
  await eventually(() => simulator.requests.length === 1);
  const flood = Array.from({ length: 12 }, (_, index) => ask("ann", "flood", `user-${index}`));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const calm = [ask("bob", "calm", "bob"), ask("bob", "calm", "bob")];
  const responses = await Promise.all([first, ...flood, ...calm]);
  expect(responses.map(({ status }) => status)).toEqual(new Array(15).fill(200));
  const order = simulator.requests.map(({ body }) => JSON.stringify(body).includes("calm"));
  expect(order.lastIndexOf(true), "the place of the last request of bob").toBeLessThan(8);
});

it("G11: keys take turns to start when one sends hundreds of requests at once", async () => {
  const { gateway, simulator } = await world({ toml: KEYS });
  const send = (name: string, text: string) => {
    const body = JSON.stringify({ model: "openai", messages: [{ role: "user", content: text }] });
    return gateway.fetch(new Request(`http://localhost${CHAT}`, { method: "POST", headers: as(name), body }));
  };
  const flood = Array.from({ length: 200 }, () => send("ann", "flood"));
  const responses = await Promise.all([...flood, send("bob", "calm")]);
  expect(responses.map(({ status }) => status)).toEqual(new Array(201).fill(200));
  const place = simulator.requests.findIndex(({ body }) => JSON.stringify(body).includes("calm"));
  expect(place, "the place of the request of bob").toBeLessThan(40);
});

it("G11: slots of pipelined requests return when their client leaves", async () => {
  const script = [{ stall: { afterEvents: 4 }, times: 3, match: { model: "claude-sonnet-4-5" } }];
  const { url, simulator, log } = await world({ simulator: { script } });
  const client = rawClient(url);
  const body = JSON.stringify(chatBody("anthropic", { stream: true }));
  const head = `POST ${CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  client.write((head + body).repeat(3));
  await eventually(() => simulator.requests.length === 3);
  client.socket.destroy();
  await eventually(() => log.length === 3);
  expect(log.map(({ left }) => left)).toEqual([true, true, true]);
});
