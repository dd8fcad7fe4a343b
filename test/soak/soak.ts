// npm run soak [-- COUNT] [--minutes N] [--gateway]: COUNT calls (100,000), or as many as N minutes have room for, over four
// wires against a loopback server that fails every twentieth; half of them streams, one in fifty aborted. With --gateway, they
// are requests of any wire to a gateway in this process. Handles and memory must stay flat from a fifth of the way on.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isModelError, type Model, ModelFactory } from "../../src/index.ts";
import { Chance } from "../harness/chance.ts";
import { entryFor } from "../harness/recording-files.ts";
import { WIRES } from "../harness/wires.ts";
import { GatewayClient } from "./gateway-client.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: "string" }, gateway: { type: "boolean", default: false } },
});
const COUNT = Number(positionals[0] ?? 100_000);
const RUN_MS = flags.minutes === undefined ? undefined : Number(flags.minutes) * 60_000;
const AT_A_TIME = 16;
const ABORT_SHARE = 0.02;
const SAMPLES = 5;
/** Live bytes, after a full collection: what were kept for each call would show, the noise of a collection does not. */
const MAX_HEAP_GROWTH = 1024 * 1024;
/** Pages that the allocator keeps for later: it takes them by and by, and in the end no more. */
const MAX_RSS_GROWTH = 64 * 1024 * 1024;
const MAX_RSS_GROWTH_AT_THE_END = 8 * 1024 * 1024;

interface Sample {
  readonly calls: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly handles: number;
}

process.on("warning", (warning) => {
  throw warning;
});

const upstream = fork(new URL("upstream.ts", import.meta.url));
const [port] = (await once(upstream, "message")) as [number];
const keys =
  'num_retries = 2\nretry_min_wait = "1ms"\nretry_max_wait = "4ms"\nmax_parallel = 8\ncircuit_breaker = { threshold = 5, half_open_after = "5ms" }';
const toml = WIRES.map((wire) =>
  entryFor({ wire, provider: `host-of-${wire}`, model: "m" }, wire, `http://127.0.0.1:${port}`, keys).replace(
    "num_retries = 0\n",
    "",
  ),
).join("");
const factory = ModelFactory.parse(toml, { env: {} });
const models = WIRES.map((wire) => factory.get(wire));
const client = flags.gateway ? await GatewayClient.start(factory) : undefined;
const chance = new Chance(2);
const outcomes = new Map<string, number>();
let started = 0;

async function ask(model: Model, streaming: boolean, signal: AbortSignal | undefined): Promise<string> {
  try {
    const reply = await (streaming ? model.stream("Hello", { signal }).reply : model.codegen("Hello", { signal }));
    if (reply.text !== "fine") throw new Error(`a wrong answer: ${reply.text}`);
    return "fine";
  } catch (error) {
    if (!isModelError(error)) throw error;
    if (error.code === "aborted" && signal === undefined) throw error;
    return error.code;
  }
}

async function call(): Promise<void> {
  const abort = chance.happens(ABORT_SHARE) ? new AbortController() : undefined;
  const [model, streaming, signal] = [chance.pick(models), chance.happens(0.5), abort?.signal];
  const asked = client?.ask(chance.pick(WIRES), model.name, streaming, signal) ?? ask(model, streaming, signal);
  if (abort !== undefined) setTimeout(() => abort.abort(), chance.whole(0, 3));
  const outcome = await asked;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

async function caller(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    started += 1;
    await call();
  }
}

/** What is held when nothing is under way. */
async function sampleNow(): Promise<Sample> {
  client?.rest();
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await sleep(20);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { calls: started, heapBytes: heapUsed, rssBytes: rss, handles: process.getActiveResourcesInfo().length };
}

const startMs = performance.now();
const samples: Sample[] = [];
for (let part = 1; part <= SAMPLES; part++) {
  const isOver = () =>
    RUN_MS === undefined
      ? started >= Math.round((COUNT * part) / SAMPLES)
      : performance.now() - startMs >= (RUN_MS * part) / SAMPLES;
  await Promise.all(Array.from({ length: AT_A_TIME }, () => caller(isOver)));
  samples.push(await sampleNow());
}
const seconds = (performance.now() - startMs) / 1_000;

const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample];
await client?.close();
await factory.close();
upstream.disconnect();

const heapGrowth = last.heapBytes - first.heapBytes;
const rssGrowth = last.rssBytes - first.rssBytes;
const rssGrowthAtTheEnd = last.rssBytes - (samples.at(-3) as Sample).rssBytes;
const further = last.calls - first.calls;
const handles = samples.map((sample) => sample.handles);
const report = {
  calls: started,
  seconds: Math.round(seconds * 10) / 10,
  callsPerSecond: Math.round(started / seconds),
  outcomes: Object.fromEntries(outcomes),
  handles,
  heapGrowth,
  heapBytesPerCall: Math.round((heapGrowth / further) * 100) / 100,
  rssGrowth,
  rssGrowthAtTheEnd,
  rssBytesPerCall: Math.round((rssGrowth / further) * 100) / 100,
  heapBytes: samples.map(({ heapBytes }) => heapBytes),
  rssBytes: samples.map(({ rssBytes }) => rssBytes),
  flat:
    new Set(handles).size === 1 &&
    heapGrowth < MAX_HEAP_GROWTH &&
    rssGrowth < MAX_RSS_GROWTH &&
    rssGrowthAtTheEnd < MAX_RSS_GROWTH_AT_THE_END,
};
console.log(JSON.stringify(report));
process.exitCode = report.flat ? 0 : 1;
