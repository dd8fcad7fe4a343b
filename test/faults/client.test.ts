import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, onTestFinished } from "vitest";
import { isModelError, ModelFactory } from "../../src/index.ts";
import { failureOf } from "../harness/outcomes.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { until } from "../harness/waits.ts";
import { chunk, faultTest, modelAt, serving } from "./host.ts";
import { entry } from "./run-script.ts";

faultTest("L01", "a thousand calls with one signal leave no listener and no warning", async () => {
  const server = await serving({
    keepAlive: true,
    routes: [{ match: { body: '"stream":true' }, attempts: [[["okstream"]]] }],
  });
  const model = modelAt(server);
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const { signal } = new AbortController();
  for (let call = 0; call < 500; call++) {
    await model.codegen("Hello", { signal });
    await model.stream("Hello", { signal }).reply;
  }
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(server.requests.length).toBe(1_000);
  expect(warnings).toEqual([]);
});

faultTest("L02", "an abort during a backoff settles at once", async () => {
  const server = await serving({
    attempts: [
      [
        ["status", 429, { "retry-after": "2" }],
        ["json", { error: {} }],
      ],
    ],
  });
  const controller = new AbortController();
  const failed = failureOf(modelAt(server, "num_retries = 3").codegen("Hello", { signal: controller.signal }));
  await until(() => server.requests[0]?.playedMs !== undefined);
  await setTimeout(100);
  using watch = new Stopwatch();
  controller.abort();
  const error = await failed;
  expect(watch.elapsedMs).toBeLessThan(100);
  expect(error.code).toBe("aborted");
  expect(error.attempts.length).toBe(1);
  await setTimeout(50);
  expect(server.requests.length).toBe(1);
});

faultTest("L04", "a slot is held until its stream settles", async () => {
  const server = await serving({
    attempts: [[["sse"], ["data", chunk("a")], ["barrier", "never", 2]], [["okstream"]]],
  });
  const model = modelAt(server, "max_parallel = 1\nqueue = 0");
  const first = model.stream("Hello")[Symbol.asyncIterator]();
  await first.next();
  expect((await failureOf(model.stream("Hello").reply)).code).toBe("bulkhead_full");
  expect(server.requests.length).toBe(1);
  await first.return?.();
  expect((await model.stream("Hello").reply).text).toBe("ok");
});

faultTest("L04", "a stream that fails midway counts for the breaker", async () => {
  const server = await serving({ attempts: [[["sse"], ["data", chunk("a")], ["wait", 20], ["rst"]]] });
  const model = modelAt(server, "circuit_breaker = { threshold = 1 }");
  expect((await failureOf(model.stream("Hello").reply)).code).toBe("stream_truncated");
  expect((await failureOf(model.stream("Hello").reply)).code).toBe("circuit_open");
  expect(server.requests.length).toBe(1);
});

const REFUSED = [
  ["status", 400],
  ["json", { error: { message: "bad" } }],
] as const;
const BROKEN = [
  ["status", 500],
  ["json", { error: { message: "broken" } }],
] as const;

faultTest("L05", "client errors do not open a breaker", async () => {
  const server = await serving({ attempts: [REFUSED] });
  const model = modelAt(server, "circuit_breaker = { threshold = 2 }");
  for (let call = 0; call < 5; call++) expect((await failureOf(model.codegen("Hello"))).code).toBe("invalid_request");
  expect(server.requests.length).toBe(5);
});

faultTest("L05", "a probe with a 400 closes the breaker; later failures open it again", async () => {
  const server = await serving({ attempts: [BROKEN, REFUSED, BROKEN, [["okjson"]]] });
  const model = modelAt(server, 'circuit_breaker = { threshold = 1, half_open_after = "50ms" }');
  expect((await failureOf(model.codegen("Hello"))).code).toBe("server_error");
  expect((await failureOf(model.codegen("Hello"))).code).toBe("circuit_open");
  await setTimeout(80);
  expect((await failureOf(model.codegen("Hello"))).code).toBe("invalid_request");
  await setTimeout(80);
  expect((await failureOf(model.codegen("Hello"))).code).toBe("server_error");
  expect((await failureOf(model.codegen("Hello"))).code).toBe("circuit_open");
});

faultTest("L05", "calls during a probe do not wait", async () => {
  const server = await serving({ attempts: [BROKEN, [["wait", 400], ["okjson"]]] });
  const model = modelAt(server, 'circuit_breaker = { threshold = 1, half_open_after = "30ms" }');
  await failureOf(model.codegen("Hello"));
  await setTimeout(60);
  const probe = model.codegen("Hello");
  await until(() => server.requests.length === 2);
  const controller = new AbortController();
  const waiter = failureOf(model.codegen("Hello", { signal: controller.signal }));
  using watch = new Stopwatch();
  controller.abort();
  expect(["aborted", "circuit_open"]).toContain((await waiter).code);
  expect(watch.elapsedMs).toBeLessThan(200);
  expect((await probe).text).toBe("ok");
});

faultTest("L11", "each model gets 1 + num_retries requests, not the product of layers", async () => {
  const wall = {
    attempts: [
      [
        ["status", 429],
        ["json", { error: { message: "slow" } }],
      ],
    ],
  } as const;
  const [first, second] = [await serving(wall), await serving(wall)];
  const keys = 'num_retries = 3\nfallback_models = ["f"]';
  const more = entry("openai", second.baseUrl("openai"), "num_retries = 3").replace("[models.m]", "[models.f]");
  const factory = ModelFactory.parse(`${entry("openai", first.baseUrl("openai"), keys)}\n${more}`, { env: {} });
  onTestFinished(() => factory.close());
  const error = await failureOf(factory.get("m").codegen("Hello"));
  expect(error.code).toBe("rate_limited");
  expect([first.requests.length, second.requests.length]).toEqual([4, 4]);
  expect(error.attempts.length).toBe(8);
});

const PROGRAM = `
import { ModelFactory } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
const factory = ModelFactory.parse(process.argv[1], { env: {} });
const reply = await factory.create().codegen("Hello");
await factory.close();
const closedMs = performance.now();
process.on("exit", () => console.log(reply.text, Math.round(performance.now() - closedMs)));
`;

faultTest(
  "L13",
  "a process ends when its factory is closed",
  async () => {
    const server = await serving({ keepAlive: true });
    const run = promisify(execFile);
    const toml = entry("openai", server.baseUrl("openai"));
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", PROGRAM, toml], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      timeout: 15_000,
    });
    const [text, ms] = stdout.trim().split(" ");
    expect(text).toBe("ok");
    expect(Number(ms)).toBeLessThan(100);
  },
  20_000,
);

faultTest("L14", "a call has one outcome in a race", async () => {
  const ending = fc.constantFrom("answer", "error", "reset", "silence");
  const race = fc.record({
    ending,
    endMs: fc.nat(12),
    abortMs: fc.nat(12),
    timeoutMs: fc.integer({ min: 1, max: 14 }),
  });
  await fc.assert(
    fc.asyncProperty(race, async ({ ending, endMs, abortMs, timeoutMs }) => {
      const last = {
        answer: [["data", chunk("b", "stop")], ["end"]],
        error: [["data", { error: { message: "busy", code: 503 } }], ["end"]],
        reset: [["rst"]],
        silence: [["hang"]],
      } as const;
      const script = [["sse"], ["data", chunk("a")], ["wait", endMs], ...last[ending]] as const;
      const server = await serving({ attempts: [script] });
      const model = modelAt(server, `timeout = "${timeoutMs}ms"`);
      const controller = new AbortController();
      const abort = setTimeout(abortMs).then(() => controller.abort());
      const finishes: string[] = [];
      const stream = model.stream("Hello", { signal: controller.signal });
      let failed: unknown;
      try {
        for await (const event of stream) if (event.type === "finish") finishes.push(event.reason);
      } catch (error) {
        failed = error;
      }
      await abort;
      expect(finishes.length + (failed === undefined ? 0 : 1), "one end").toBe(1);
      if (failed !== undefined) expect(isModelError(failed)).toBe(true);
      const settled = await stream.reply.then(
        ({ attempts }) => attempts,
        (error: unknown) => (error === failed && isModelError(error) ? error.attempts : undefined),
      );
      // A request that was given up while it was written has a row, though its server may never have seen it.
      expect(settled?.length, "at most one row").toBeLessThanOrEqual(1);
      expect(settled?.length, "a row for what arrived").toBeGreaterThanOrEqual(server.requests.length);
      await server.close();
    }),
    { numRuns: 60, seed: 7 },
  );
});
