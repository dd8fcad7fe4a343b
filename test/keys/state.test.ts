import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ModelFactory } from "../../src/index.ts";
import { describeWith, REDIS_SERVER } from "../harness/needs.ts";
import { RedisServer } from "../harness/redis-server.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { keyTest } from "./key-test.ts";
import { entry, factoryOf, PROMPT, simulate } from "./world.ts";

const USAGE = { input: 10, output: 50, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 };
const PRICED = "pricing = { input = 0, output = 1000 }\nmax_new_tokens = 100\nnum_retries = 0\n";
/** Holds two requests: each costs 0.05 USD and reserves 0.10 USD. */
const BUDGET = "[budgets.team]\nusd = 0.15\n";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "modelwright-state-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Factories that stand for processes with the same file. */
async function processes(state: string, baseDir = folder(), count = 2) {
  const simulator = await simulate({
    script: Array.from({ length: 30 }, () => ({ answer: { text: "hi", usage: USAGE } })),
  });
  const toml = `${entry("openai", simulator, PRICED)}${BUDGET}${state}`;
  const factories = Array.from({ length: count }, () => factoryOf(toml, { baseDir }));
  return { simulator, factories };
}

async function codeOf(factory: ModelFactory<Record<never, never>> | undefined): Promise<string | undefined> {
  const outcome = await factory?.create().safeCodegen(PROMPT);
  return outcome?.ok === false ? outcome.error.code : "ok";
}

keyTest("state", "is in memory without this table: each process has its own counters", async () => {
  const { factories } = await processes("");
  const codes = [];
  for (const factory of [...factories, ...factories, ...factories]) codes.push(await codeOf(factory));
  expect(codes).toEqual(["ok", "ok", "ok", "ok", "budget_exceeded", "budget_exceeded"]);
});

keyTest("state.store", async () => {
  const { factories } = await processes('[state]\nstore = "sqlite"\n');
  const codes = [];
  for (const factory of [...factories, ...factories]) codes.push(await codeOf(factory));
  expect(codes).toEqual(["ok", "ok", "budget_exceeded", "budget_exceeded"]);
  expect(await factories[0]?.budgets.status()).toMatchObject([{ spent: 0.1, reserved: 0 }]);
});

keyTest("state.store", "keeps what was spent when a process ends", async () => {
  const baseDir = folder();
  const { factories } = await processes('[state]\nstore = "sqlite"\n', baseDir);
  expect([await codeOf(factories[0]), await codeOf(factories[0])]).toEqual(["ok", "ok"]);
  await factories[0]?.close();
  expect(await codeOf(factories[1])).toBe("budget_exceeded");
});

keyTest("state.path", async () => {
  const baseDir = folder();
  const { factories } = await processes('[state]\nstore = "sqlite"\npath = "counters/own.db"\n', baseDir, 1);
  await codeOf(factories[0]);
  expect(existsSync(join(baseDir, "counters/own.db"))).toBe(true);
  const other = await processes('[state]\nstore = "sqlite"\n', baseDir, 1);
  await codeOf(other.factories[0]);
  expect(existsSync(join(baseDir, ".modelwright/state.db"))).toBe(true);
});

/** A server that accepts connections and never answers. */
async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

keyTest("state.{timeout,on_unavailable}", async () => {
  const url = await silentServer();
  const state = `[state]\nstore = "redis"\nurl = "${url}"\ntimeout = "50ms"\n`;
  const refusing = await processes(state, folder(), 1);
  using watch = new Stopwatch();
  expect(await codeOf(refusing.factories[0])).toBe("state_unavailable");
  expect(watch.elapsedMs).toBeLessThan(5_000);
  expect(refusing.simulator.requests).toHaveLength(0);
  const allowing = await processes(`${state}on_unavailable = "allow"\n`, folder(), 1);
  const codes = [];
  for (let count = 0; count < 3; count++) codes.push(await codeOf(allowing.factories[0]));
  expect(codes).toEqual(["ok", "ok", "budget_exceeded"]);
});

it("an unavailable store does not stop calls without budgets and limits", async () => {
  const url = await silentServer();
  const simulator = await simulate();
  const toml = `${entry("openai", simulator, PRICED)}[state]\nstore = "redis"\nurl = "${url}"\ntimeout = "50ms"\n`;
  expect(await codeOf(factoryOf(toml))).toBe("ok");
});

describe("[state]", () => {
  it.each([
    ['store = "redis"', 'store = "redis" needs the address of the server: add url = "env:REDIS_URL"'],
    ['url = "redis://localhost"', '"url" has an effect only with store = "redis"'],
    ['store = "sqlite"\nprefix = "a"', '"prefix" has an effect only with store = "redis"'],
    ['path = "x.db"', '"path" has an effect only with store = "sqlite"'],
    ['store = "redis"\nurl = "redis://localhost"\nprefix = "a b"', '"prefix" must consist of letters, digits'],
  ])("refuses %j", (lines, message) => {
    const model = '[models.a]\nname = "x"\nprovider = "openai"\n';
    expect(() => factoryOf(`${model}[state]\n${lines}\n`)).toThrow(message);
  });

  it("keeps its counters over a reload, and moves to another store with a new one", async () => {
    const { simulator, factories } = await processes('[state]\nstore = "sqlite"\n', folder(), 1);
    const [factory] = factories;
    expect([await codeOf(factory), await codeOf(factory)]).toEqual(["ok", "ok"]);
    const toml = `${entry("openai", simulator, PRICED)}${BUDGET}`;
    await factory?.reload(`${toml}[state]\nstore = "sqlite"\n[logging]\nlevel = "silent"\n`);
    expect(await codeOf(factory)).toBe("budget_exceeded");
    await factory?.reload(toml);
    expect(await codeOf(factory)).toBe("ok");
  });
});

describeWith(REDIS_SERVER, "with redis-server", () => {
  keyTest("state.{url,prefix}", async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.remove());
    const state = `[state]\nstore = "redis"\nurl = "${server.url}"\n`;
    const { factories } = await processes(state);
    const codes = [];
    for (const factory of [...factories, ...factories]) codes.push(await codeOf(factory));
    expect(codes).toEqual(["ok", "ok", "budget_exceeded", "budget_exceeded"]);
    const other = await processes(`${state}prefix = "other"\n`);
    expect(await codeOf(other.factories[0])).toBe("ok");
  });

  it("shares the pause after a 429 with other processes", async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.remove());
    const simulator = await simulate({ script: [{ status: 429, retryAfter: 1 }] });
    const toml = `${entry("openai", simulator, "num_retries = 0\n")}[state]\nstore = "redis"\nurl = "${server.url}"\n`;
    const [one, two] = [factoryOf(toml), factoryOf(toml)];
    expect(await codeOf(one)).toBe("rate_limited");
    const startedMs = performance.now();
    expect(await codeOf(two)).toBe("ok");
    expect(performance.now() - startedMs).toBeGreaterThan(500);
  });
});
