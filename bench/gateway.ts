// Prints what the gateway costs beside a plain node:http proxy, @portkey-ai/gateway, and hono over the openai SDK: CPU time
// of each server's own process, in one run. Clients and provider are other processes.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DELTAS, type Load, type LoadAnswer, type Target } from "./gateway-load.ts";
import { median } from "./measure.ts";
import type { ProcessUsage } from "./report-usage.ts";

const HELP = `npm run bench:gateway -- [options]

  --rounds N      5
  --warm-up N     4000 calls; V8's compiler is done after some 30,000
  --servers LIST  proxy,modelwright,hono,portkey; the proxy is always measured
                  portkey: first npm install --prefix bench
  --prof          writes a CPU profile of the modelwright process (*.cpuprofile)`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "4000" },
    servers: { type: "string", default: "proxy,modelwright,hono,portkey" },
    prof: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const WARM_UP = Number(options["warm-up"]);
const CALLS = 1_000;
const IN_FLIGHT = 64;
const STREAMS = 48;
const OPEN = 1_000;
const LATENCIES = 400;

const TARGETS = { call: 2, delta: 1.5, openKiB: 60 };

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A process that is asked by messages. */
class Child {
  readonly #process: ChildProcess;
  readonly #name: string;

  constructor(
    name: string,
    path: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    flags: readonly string[] = [],
  ) {
    this.#name = name;
    const stdio = ["ignore", "ignore", "ignore", "ipc"] as const;
    this.#process = fork(path, args, { stdio: [...stdio], execArgv: [...flags], env: { ...process.env, ...env } });
  }

  async answer<T>(): Promise<T> {
    const ended = new AbortController();
    const { signal } = ended;
    try {
      const exit = once(this.#process, "exit", { signal }).then(([code]) => {
        throw new Error(`${this.#name} ended with ${code}`);
      });
      const [message] = (await Promise.race([once(this.#process, "message", { signal }), exit])) as [T];
      return message;
    } finally {
      ended.abort();
    }
  }

  ask<T>(message: object | string): Promise<T> {
    const answer = this.answer<T>();
    this.#process.send(message);
    return answer;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.disconnect();
    await exit;
  }
}

interface Server {
  readonly name: string;
  /** Starts it; `base` is the URL of the provider. */
  start(port: number, base: string): Child;
  readonly headers?: (base: string) => Readonly<Record<string, string>>;
}

const REPORT = ["--expose-gc", "--import", new URL("report-usage.ts", import.meta.url).href];
const KEY = "mw-bench-0123456789abcdef";

function modelwright(port: number, base: string): Child {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const entry = (name: string) =>
    `[models.${name}]\nname = "gpt-4o"\nprovider = "openai"\nbase_url = "${base}"\napi_key = "bench"\nfallback_models = ["other"]\n`;
  const toml = `
[ledger]
[budgets.all]
usd = 1_000_000
period = "month"
[groups.coder]
members = ["east", "west"]
[gateway.keys.bench]
key = "${KEY}"
budget = { usd = 100_000, period = "month" }
rate_limit = { requests_per_minute = 1_000_000 }
${entry("east")}${entry("west")}${entry("other").replace('fallback_models = ["other"]\n', "")}`;
  writeFileSync(join(folder, "models.toml"), toml);
  const args = ["serve", "--port", String(port), "--config", join(folder, "models.toml")];
  const prof = options.prof ? ["--cpu-prof", "--cpu-prof-interval", "200"] : [];
  return new Child("modelwright", file("../bin/modelwright.js"), args, {}, [...REPORT, ...prof]);
}

const plain = (kind: string) => (port: number, base: string) =>
  new Child(kind, file("plain-servers.ts"), [kind, String(port), base], {}, REPORT);

const PORTKEY = "node_modules/@portkey-ai/gateway";

const SERVERS: Readonly<Record<string, Server>> = {
  proxy: { name: "node:http proxy", start: plain("proxy") },
  modelwright: {
    name: "modelwright serve",
    start: modelwright,
    headers: () => ({ authorization: `Bearer ${KEY}` }),
  },
  hono: { name: `hono ${versionOf("..", "hono")} over openai ${versionOf("..", "openai")}`, start: plain("hono") },
  portkey: {
    name: `@portkey-ai/gateway ${versionOf(".", "@portkey-ai/gateway")}`,
    start: (port) =>
      new Child("portkey", file(`${PORTKEY}/build/start-server.js`), [`--port=${port}`, "--headless"], {}, REPORT),
    headers: (base) => ({
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": base,
      authorization: "Bearer bench",
    }),
  },
};

function versionOf(folder: string, name: string): string {
  const path = file(`${folder}/node_modules/${name}/package.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version : "(not installed)";
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}`);
}

/** A server on its way through the measurements. */
class Measured {
  readonly server: Server;
  readonly callsUs: number[] = [];
  readonly deltasUs: number[] = [];
  openKiB = Number.NaN;
  latenciesMs: readonly number[] = [];
  /** Why it has no figures of streams. */
  streamProblem: string | undefined;
  readonly #child: Child;
  readonly #load: Child;
  readonly #target: Target;

  private constructor(server: Server, child: Child, load: Child, target: Target) {
    this.server = server;
    this.#child = child;
    this.#load = load;
    this.#target = target;
  }

  static async start(server: Server, load: Child, base: string): Promise<Measured> {
    const port = await freePort();
    const child = server.start(port, base);
    await reachable(port);
    const headers = server.headers?.(base) ?? {};
    const target = {
      port,
      path: "/v1/chat/completions",
      headers,
      model: server.start === modelwright ? "coder" : "gpt-4o",
    };
    return new Measured(server, child, load, target);
  }

  async load(work: Load["work"], count: number, inFlight: number): Promise<readonly number[]> {
    console.error(`${new Date().toISOString().slice(11, 19)} ${this.server.name}: ${work}, ${count}`);
    const load: Load = { work, count, inFlight, target: this.#target };
    const answer = await this.#load.ask<LoadAnswer>(load);
    if ("error" in answer) throw new Error(`${this.server.name}: ${answer.error}`);
    return answer.latenciesMs;
  }

  /** CPU time of the server's process, microseconds. */
  async cpuOf(work: "call" | "stream", count: number, inFlight: number): Promise<number> {
    const before = await this.#child.ask<ProcessUsage>("now");
    await this.load(work, count, inFlight);
    const after = await this.#child.ask<ProcessUsage>("now");
    return after.cpuUs - before.cpuUs;
  }

  heap(): Promise<ProcessUsage> {
    return this.#child.ask<ProcessUsage>("collect");
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

const quantile = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length * share)] ?? Number.NaN;

async function started(load: Child, base: string, names: readonly string[]): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const name of names) all.push(await Measured.start(SERVERS[name] as Server, load, base));
  return all;
}

async function measureCpu(all: readonly Measured[], rounds: number): Promise<void> {
  for (const one of all) await one.load("call", WARM_UP, IN_FLIGHT);
  for (const one of all)
    await one.load("stream", STREAMS, STREAMS).catch((error: Error) => {
      one.streamProblem = error.message;
    });
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? all : all.toReversed()) {
      one.callsUs.push((await one.cpuOf("call", CALLS, IN_FLIGHT)) / CALLS);
      if (one.streamProblem === undefined)
        one.deltasUs.push((await one.cpuOf("stream", STREAMS, STREAMS)) / (STREAMS * DELTAS));
    }
  }
  for (const one of all) one.latenciesMs = await one.load("call", LATENCIES, 1);
}

async function measureOpen(
  load: Child,
  base: string,
  names: readonly string[],
  all: readonly Measured[],
): Promise<void> {
  for (const [index, name] of names.entries()) {
    if (all[index]?.streamProblem !== undefined) continue;
    const one = await Measured.start(SERVERS[name] as Server, load, base);
    await one.load("open", 50, 50);
    await one.load("close", 0, 0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = await one.heap();
    await one.load("open", OPEN, 50);
    const after = await one.heap();
    (all[index] as Measured).openKiB = (after.heapBytes - before.heapBytes) / OPEN / 1024;
    await one.load("close", 0, 0);
    await one.end();
  }
}

function printTable(all: readonly Measured[], directMs: readonly number[]): void {
  const [proxy] = all as [Measured];
  const ratio = (own: readonly number[], of: readonly number[]) =>
    median(own.map((us, round) => us / (of[round] ?? Number.NaN)));
  console.log(
    "| server | CPU µs per call, 64 in flight | ratio | CPU µs per delta | ratio | KiB heap per open stream | added ms, p50 | p99 |",
  );
  console.log("|---|---:|---:|---:|---:|---:|---:|---:|");
  for (const { server, callsUs, deltasUs, openKiB, latenciesMs } of all) {
    const added = (share: number) => (quantile(latenciesMs, share) - quantile(directMs, share)).toFixed(2);
    const cells = [
      ...[server.name, median(callsUs).toFixed(0), ratio(callsUs, proxy.callsUs).toFixed(2)],
      ...[median(deltasUs).toFixed(1), ratio(deltasUs, proxy.deltasUs).toFixed(2), openKiB.toFixed(0)],
      ...[added(0.5), added(0.99)],
    ];
    console.log(`| ${cells.map((cell) => (cell === "NaN" ? "–" : cell)).join(" | ")} |`);
  }
  for (const { streamProblem } of all) if (streamProblem !== undefined) console.log(`\nNo streams: ${streamProblem}`);
  const { call, delta, openKiB } = TARGETS;
  console.log(
    `\nTargets of modelwright serve: ${call.toFixed(1)} per call, ${delta.toFixed(1)} per delta, ${openKiB} KiB.`,
  );
}

async function main(): Promise<void> {
  const rounds = Number(options.rounds);
  const names = ["proxy", ...options.servers.split(",").filter((name) => name !== "proxy")];
  const unknown = names.find((name) => !Object.hasOwn(SERVERS, name));
  if (unknown !== undefined) throw new Error(`unknown server "${unknown}"; known: ${Object.keys(SERVERS).join(", ")}`);
  const upstream = new Child("upstream", file("gateway-upstream.ts"), []);
  const { port } = await upstream.answer<{ port: number }>();
  const load = new Child("load", file("gateway-load.ts"), []);
  const origin = `http://127.0.0.1:${port}`;
  const date = new Date().toISOString().slice(0, 10);
  const busy = (loadavg()[0] ?? 0).toFixed(2);
  console.log(`${date}, Node ${process.versions.node}, ${availableParallelism()} cores, load average before: ${busy}`);
  console.log(
    `Medians of ${rounds} rounds after ${WARM_UP} calls; answers of 300 words, streams of ${DELTAS} deltas\n`,
  );
  const all = await started(load, `${origin}/v1`, names);
  await measureCpu(all, rounds);
  const direct: Target = { port, path: "/v1/chat/completions", headers: {}, model: "gpt-4o" };
  const answer = await load.ask<LoadAnswer>({
    work: "call",
    count: LATENCIES,
    inFlight: 1,
    target: direct,
  } satisfies Load);
  for (const one of all) await one.end();
  await measureOpen(load, `${origin}/open/v1`, names, all);
  printTable(all, "error" in answer ? [] : answer.latenciesMs);
  await load.end();
  await upstream.end();
}

if (options.help) console.log(HELP);
else await main();
