import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import OpenAI from "openai";
import { expect, onTestFinished } from "vitest";
import { failureOf } from "../harness/outcomes.ts";
import { until } from "../harness/waits.ts";
import { chunk, factoryAt, faultTest, modelAt, serving } from "./host.ts";
import { runScript } from "./run-script.ts";

/** CPU of this thread so far, milliseconds. */
const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

const bigEvent = (bytes: number) =>
  runScript({
    server: { attempts: [[["split", 16_384, 0], ["sse"], ["bigdelta", bytes], ["data", "[DONE]"], ["end"]]] },
    wire: "openai",
    method: "stream",
  });

faultTest("S09", "one event of 8 MB is read in linear time", async () => {
  await bigEvent(64 * 1024);
  const times: number[] = [];
  for (const megabytes of [2, 8]) {
    const startMs = cpuMs();
    const { reply } = await bigEvent(megabytes * 1024 * 1024);
    times.push(cpuMs() - startMs);
    expect(reply?.text.length).toBe(megabytes * 1024 * 1024);
  }
  const [small = 0, large = 0] = times;
  expect(large, `${times.join(" and ")} ms for 2 and 8 MB, server included`).toBeLessThan(small * 10 + 500);
});

faultTest("own-S09", "an event above 16 MB is a protocol_error, and the socket is closed", async () => {
  const { error, requests } = await bigEvent(17 * 1024 * 1024);
  expect(error?.code).toBe("protocol_error");
  expect(requests.length).toBeLessThanOrEqual(2);
});

/** CPU of this thread while something runs: all of it, and the longest time between two turns of the event loop. */
async function cpuOf(run: () => Promise<unknown>): Promise<{ totalMs: number; longestMs: number }> {
  const startMs = cpuMs();
  let [lastMs, longestMs, running] = [startMs, 0, true];
  const turn = () => {
    const nowMs = cpuMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await run();
  running = false;
  return { totalMs: cpuMs() - startMs, longestMs };
}

faultTest(
  "S10",
  "100,000 events at once do not block the event loop, and cost little compared to the SDK",
  async () => {
    const upstream = new Worker(new URL("flood-server.ts", import.meta.url));
    onTestFinished(async () => void (await upstream.terminate()));
    const [{ port }] = (await once(upstream, "message")) as [AddressInfo];
    const origin = `http://127.0.0.1:${port}`;
    const model = factoryAt(`${origin}/v1`).get("m");
    const sdk = new OpenAI({ apiKey: "k", baseURL: `${origin}/v1` });
    const ours = async () => {
      let text = "";
      for await (const piece of model.stream("Hello").text) text += piece;
      expect(text.length).toBe(100_000);
    };
    const theirs = async () => {
      const messages = [{ role: "user" as const, content: "Hello" }];
      for await (const _ of await sdk.chat.completions.create({ model: "m", messages, stream: true }));
    };
    await ours();
    await theirs();
    const [our, again, their] = [await cpuOf(ours), await cpuOf(ours), await cpuOf(theirs)];
    // A major collection of the garbage of earlier tests may fall into one of the runs.
    const longestMs = Math.min(our.longestMs, again.longestMs);
    expect(longestMs, "CPU between two turns of the event loop, ms").toBeLessThan(50);
    expect(our.totalMs, `CPU, ms; the SDK's: ${their.totalMs}`).toBeLessThan(their.totalMs * 1.5);
  },
);

faultTest("M12", "an abort during a stream is aborted with the partial, without a finish", async () => {
  const server = await serving({ attempts: [[["sse"], ["data", chunk("a")], ["hang"]]] });
  const model = modelAt(server, "num_retries = 3");
  const controller = new AbortController();
  const stream = model.stream("Hello", { signal: controller.signal });
  const types: string[] = [];
  const error = await failureOf(
    (async () => {
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === "text-delta") controller.abort(new Error("deadline"));
      }
    })(),
  );
  expect(error).toMatchObject({ code: "aborted", partial: { text: "a" } });
  expect(types).not.toContain("finish");
  await server.expect({ closeWithin: 1_000, maxRequests: 1 });
});

faultTest("M12", "a deadline during a stream is timed_out with the partial", async () => {
  const server = await serving({ attempts: [[["sse"], ["data", chunk("a")], ["hang"]]] });
  const error = await failureOf(modelAt(server, "num_retries = 3\ndeadline = 1.5").stream("Hello").reply);
  expect(error).toMatchObject({ code: "timed_out", phase: "deadline", partial: { text: "a" } });
  await server.expect({ closeWithin: 1_000, maxRequests: 1 });
});

faultTest("L07", "a reader that stops closes the socket, and the usage is recorded", async () => {
  const server = await serving({ attempts: [[["sse"], ["repeat", 10_000, ["data", chunk("a b")], 2]]] });
  const model = modelAt(server);
  const stream = model.stream("Hello");
  for await (const event of stream) if (event.type === "text-delta") break;
  await server.expect({ closeWithin: 1_000, maxRequests: 1 });
  const error = await failureOf(stream.reply);
  expect(error.code).toBe("aborted");
  expect(error.attempts.map(({ possiblyBilled }) => possiblyBilled)).toEqual([true]);
  expect(error.attempts[0]?.usage).toMatchObject({ estimated: true });
});

faultTest("L08", "a stream that is never read sends nothing", async () => {
  const server = await serving({});
  modelAt(server).stream("Hello");
  await setTimeout(50);
  expect(server.requests).toEqual([]);
  expect(server.connections).toBe(0);
});

faultTest("L08", "an abandoned stream is closed by its timeout", async () => {
  const server = await serving({ attempts: [[["sse"], ["data", chunk("a")], ["hang"]]] });
  const iterator = modelAt(server, "idle_timeout = 0.2\nsilence_timeout = 0.2\ntimeout = 0.5")
    .stream("Hello")
    [Symbol.asyncIterator]();
  await iterator.next();
  await server.expect({ closeWithin: 5_000 });
  await iterator.return?.();
});

faultTest("L10", "a slow reader pauses the socket: 200 MB are not buffered", async () => {
  const text = "x".repeat(16 * 1024);
  const server = await serving({ attempts: [[["sse"], ["repeat", 12_800, ["data", chunk(text)], 0], ["end"]]] });
  const stream = modelAt(server, "repeated_chunk_limit = 0\nsilence_timeout = 60").stream("Hello");
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await until(() => (server.requests[0]?.bytesWritten ?? 0) > 0);
  const before = server.requests[0]?.bytesWritten ?? 0;
  for (let read = 0; read < 3; read++) {
    await setTimeout(150);
    await iterator.next();
  }
  const written = server.requests[0]?.bytesWritten ?? 0;
  // What the two sockets of loopback hold by themselves is some megabytes.
  expect(written, `before: ${before}`).toBeLessThan(32 * 1024 * 1024);
  await iterator.return?.();
  await server.expect({ closeWithin: 2_000 });
});
