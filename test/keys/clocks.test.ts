import type { ServerResponse } from "node:http";
import net from "node:net";
import { expect } from "vitest";
import type { Fault } from "../../src/simulator/server.ts";
import { PATIENT } from "../harness/entry.ts";
import { host, listening } from "../harness/host.ts";
import { keyTest } from "./key-test.ts";
import { ask, entry, factoryOf, JumpingClock, PROMPT, simulate } from "./world.ts";

/** One call without retries against one scripted answer. */
async function against(fault: Fault, lines: string, paceMs = 0) {
  const simulator = await simulate({ script: [fault], delayMs: paceMs });
  return ask(simulator, entry("openai", simulator, `num_retries = 0\n${lines}`));
}

const SLOW = { delayMs: 300 };

keyTest("models.*.timeout", async () => {
  expect((await against(SLOW, "timeout = 0.1")).error).toMatchObject({ code: "timed_out", phase: "attempt" });
  expect((await against(SLOW, 'timeout = "10s"')).reply).toBeDefined();
});

keyTest("models.*.deadline", async () => {
  expect((await against({ delayMs: 5_000 }, "deadline = 0.1")).error).toMatchObject({
    code: "timed_out",
    phase: "deadline",
  });
  expect((await against(SLOW, 'deadline = "10s"')).reply).toBeDefined();
  // A wait that would not fit is not begun: 40 s do, 80 s more do not.
  const failing = async (deadline: number) => {
    const simulator = await simulate({ script: [{ kind: "server", times: 3 }] });
    const lines = `num_retries = 2\njitter = "none"\nretry_min_wait = 40\nretry_max_wait = 80\n${PATIENT}\ndeadline = ${deadline}`;
    return (await ask(simulator, entry("openai", simulator, lines), { options: { clock: new JumpingClock() } }))
      .requests.length;
  };
  expect([await failing(100), await failing(900)]).toEqual([2, 3]);
});

keyTest("models.*.connect_timeout", async () => {
  // Takes the connection and never answers the handshake.
  const port = await listening(net.createServer());
  const connecting = (limits: string) =>
    factoryOf(
      `[models.main]\nname = "m"\nprovider = "openai"\napi_key = "k"\nbase_url = "https://127.0.0.1:${port}/v1"\nnum_retries = 0\n${limits}`,
    )
      .create()
      .safeCodegen(PROMPT);
  expect(await connecting('connect_timeout = "100ms"\ntimeout = 5')).toMatchObject({
    error: { code: "timed_out", phase: "connect" },
  });
  expect(await connecting('connect_timeout = "5s"\ntimeout = 0.1')).toMatchObject({
    error: { code: "timed_out", phase: "attempt" },
  });
});

const WORDS = "one two three four five six seven";

keyTest("models.*.first_token_timeout", async () => {
  const silent = { stall: { afterEvents: 0 } };
  expect((await against(silent, "stream = true\nfirst_token_timeout = 0.1\ntimeout = 5")).error).toMatchObject({
    code: "timed_out",
    phase: "first-token",
  });
  expect((await against(silent, 'stream = true\nfirst_token_timeout = "5s"\ntimeout = 0.1')).error).toMatchObject({
    phase: "attempt",
  });
  // codegen streams by itself to have it.
  expect((await against(silent, "first_token_timeout = 0.1\ntimeout = 5")).error).toMatchObject({
    phase: "first-token",
  });
  expect((await against(silent, "stream = false\nfirst_token_timeout = 0.1\ntimeout = 0.3")).error).toMatchObject({
    phase: "attempt",
  });
  // Once a token came, it no longer runs.
  expect(
    (await against({ answer: { text: WORDS } }, "stream = true\nfirst_token_timeout = 0.5", 100)).reply?.text,
  ).toBe(WORDS);
});

keyTest("models.*.slow_after", "reports each attempt that has no content, and lets it go on", async () => {
  const seen: unknown[] = [];
  const lines: string[] = [];
  const sockets: net.Socket[] = [];
  // Takes the request and never answers.
  const port = await listening(net.createServer((socket) => void sockets.push(socket.resume())));
  const toml = (more: string) =>
    `[models.main]\nname = "m"\nprovider = "openai"\napi_key = "k"\nbase_url = "http://127.0.0.1:${port}/v1"\nnum_retries = 1\nretry_min_wait = 0\nfirst_token_timeout = "200ms"\n${more}`;
  const log = (message: string) => void lines.push(message);
  const logger = { debug() {}, info() {}, warn: log, error() {} };
  const options = { logger, hooks: { slow: (event: unknown) => void seen.push(event) } };
  const failing = (more: string) => factoryOf(toml(more), options).create().safeCodegen(PROMPT);
  expect(await failing('slow_after = "50ms"')).toMatchObject({
    error: { code: "timed_out", phase: "first-token", attempts: [{}, {}] },
  });
  expect(seen).toMatchObject([
    { model: "main", afterMs: 50 },
    { model: "main", afterMs: 50 },
  ]);
  expect(lines.filter((line) => line.startsWith("slow"))).toHaveLength(2);
  await expect.poll(() => sockets.every((socket) => socket.destroyed)).toBe(true);
  await failing("");
  expect(seen).toHaveLength(2);
  expect((await against(SLOW, 'slow_after = "50ms"')).reply).toBeDefined();
});

keyTest("models.*.silence_timeout", async () => {
  const stalled = { stall: { afterEvents: 3 } };
  expect((await against(stalled, "stream = true\nsilence_timeout = 0.1\ntimeout = 5")).error).toMatchObject({
    code: "timed_out",
    phase: "silence",
  });
  expect((await against(stalled, 'stream = true\nsilence_timeout = "5s"\ntimeout = 0.2')).error).toMatchObject({
    phase: "attempt",
  });
});

function chatChunk(delta: object): string {
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "m", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;
}

/** One word, then pings for ever. */
function pinging(response: ServerResponse): boolean {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chatChunk({ role: "assistant", content: "Hello" }));
  const timer = setInterval(() => response.write(": ping\n\n"), 20);
  response.on("close", () => clearInterval(timer));
  return true;
}

keyTest("models.*.idle_timeout", async () => {
  const server = await host({ answer: (_request, response) => pinging(response) });
  const asked = (limits: string) =>
    factoryOf(
      `[models.main]\nname = "m"\nprovider = "openai"\napi_key = "k"\nbase_url = "${server.url}/v1"\nstream = true\nnum_retries = 0\nsilence_timeout = 0.5\n${limits}`,
    )
      .create()
      .safeCodegen(PROMPT);
  expect(await asked('idle_timeout = "800ms"\ntimeout = 5')).toMatchObject({
    error: { code: "timed_out", phase: "idle", partial: { text: "Hello" } },
  });
  expect(await asked("idle_timeout = 5\ntimeout = 0.4")).toMatchObject({
    error: { code: "timed_out", phase: "attempt" },
  });
});
