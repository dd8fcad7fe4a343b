import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { endOf, firstLine, killed, program } from "../harness/child-programs.ts";
import { entry } from "../harness/entry.ts";
import { describeWith, REDIS_SERVER } from "../harness/needs.ts";
import { eventsOf } from "../harness/outcomes.ts";
import { RedisServer } from "../harness/redis-server.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { Stopwatch } from "../harness/stopwatch.ts";

const PROCESSES = join(import.meta.dirname, "../stores/processes");
const SHARED = '[cache]\nstore = "state"\n';
const USAGE = { input: 1_000, cacheRead: 0, output: 500, reasoning: 0, cacheWrite5m: 0, cacheWrite1h: 0 };

const inFile = (path: string) => `[state]\nstore = "sqlite"\npath = ${JSON.stringify(path)}\n`;

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-cache-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state.db");
}

function logged() {
  const lines: string[] = [];
  const log = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, logger: { debug: () => {}, info: log, warn: log, error: log } };
}

const ofCache = (lines: readonly string[]) => lines.filter((line) => line.startsWith("the cache"));

/** What `[cache] store = "state"` has to do, wherever `[state]` is. */
function testSharedCache(stateOf: () => string): void {
  it("gives two processes one answer for one request", async () => {
    const simulator = await simulate();
    const toml = `${SHARED}${stateOf()}${entry("openai", simulator.url)}`;
    const ask = async () => {
      const { code, stdout, stderr } = await endOf(program(join(PROCESSES, "ask.ts"), [toml, "Hello"]));
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return JSON.parse(stdout) as { readonly text: string; readonly requests: number };
    };
    const [first, second] = [await ask(), await ask()];
    expect([first.requests, second.requests]).toEqual([1, 0]);
    expect(second.text).toBe(first.text);
    expect(simulator.requests).toHaveLength(1);
  });

  it("replays a stream as a stream with the same events", async () => {
    const simulator = await simulate();
    const toml = `${SHARED}${stateOf()}${entry("anthropic", simulator.url)}`;
    const first = await eventsOf(factoryOf(toml).create().stream("Hello"));
    expect(await eventsOf(factoryOf(toml).create().stream("Hello"))).toEqual(first);
    expect(first.filter(({ type }) => type === "text-delta").length).toBeGreaterThan(1);
    expect(simulator.requests).toHaveLength(1);
  });

  it("keeps namespaces, counts and what was saved", async () => {
    const simulator = await simulate({ answers: () => ({ text: "fine", usage: USAGE }) });
    const toml = `${SHARED}${stateOf()}${entry("openai", simulator.url)}`;
    const [one, two] = [factoryOf(toml), factoryOf(toml)];
    const { cost } = await one.create().codegen("Hello");
    await one.create().codegen("Hello", { cache: { namespace: "news" } });
    expect((await two.create().codegen("Hello")).cost.usd).toBe(0);
    expect(two.cache.stats()).toMatchObject({ hits: 1, misses: 0, stored: 0, entries: 2, savedUsd: cost.usd });
    await two.cache.clear("news");
    expect(two.cache.stats().entries).toBe(1);
    await one.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(2);
    await one.create().codegen("Hello", { cache: { namespace: "news" } });
    expect(simulator.requests).toHaveLength(3);
    await two.cache.clear();
    await one.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(4);
    expect(one.cache.stats()).toMatchObject({ hits: 1, misses: 4, stored: 4, entries: 1 });
  });

  it("moves to the new store when a reload changes [state], and finds its answers there again", async () => {
    const simulator = await simulate();
    const rest = entry("openai", simulator.url);
    const state = stateOf();
    const factory = factoryOf(`${SHARED}${state}${rest}`);
    await factory.create().codegen("Hello");
    await factory.reload(`${SHARED}${rest}`);
    await factory.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(2);
    await factory.reload(`${SHARED}${state}${rest}`);
    await factory.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(2);
  });
}

describe('[cache] store = "state"', () => {
  describe("with SQLite", () => testSharedCache(() => inFile(newPath())));

  it("is in memory without [state]", async () => {
    const simulator = await simulate();
    const toml = `${SHARED}${entry("openai", simulator.url)}`;
    const [one, two] = [factoryOf(toml), factoryOf(toml)];
    for (const factory of [one, one, two]) await factory.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(2);
  });

  it("answers with requests while its file is locked, and says so once", async () => {
    const simulator = await simulate();
    const path = newPath();
    const toml = `${SHARED}${inFile(path)}timeout = "200ms"\n${entry("openai", simulator.url)}`;
    await factoryOf(toml).create().codegen("Hello");
    const child = program(join(PROCESSES, "lock.ts"), [path]);
    onTestFinished(() => killed(child));
    await firstLine(child);
    const { lines, logger } = logged();
    const model = factoryOf(toml, { logger }).create();
    await model.codegen("Hello");
    using watch = new Stopwatch();
    // Calls that only the cache is asked for: waiting for the lock again and again would take 20 s.
    for (let count = 0; count < 100; count++) await model.safeCodegen("Hello", { cache: "only" });
    expect(watch.elapsedMs).toBeLessThan(4_000);
    expect(simulator.requests).toHaveLength(2);
    expect(ofCache(lines)).toEqual([expect.stringMatching(/the cache failed to read an answer .*state\.db.*lock/)]);
  });

  it("answers with a request and names the remedy if a newer version wrote the file", async () => {
    const simulator = await simulate();
    const path = newPath();
    const toml = `${SHARED}${inFile(path)}${entry("openai", simulator.url)}`;
    await factoryOf(toml).create().codegen("Hello");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    const { lines, logger } = logged();
    const factory = factoryOf(toml, { logger });
    await factory.create().codegen("Hello");
    await factory.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(3);
    expect(ofCache(lines)).toEqual([expect.stringMatching(/a newer modelwright wrote it.*update modelwright/)]);
    await expect(factory.cache.clear()).rejects.toThrow(/a newer modelwright wrote it/);
  });

  it.each([
    ["cut off", "UPDATE value_text SET text = substr(text, 1, 40)"],
    ["not the format of an answer", "UPDATE value_text SET text = '2b60b6cb[1,2]'"],
  ])("asks again if a stored answer is %s", async (_, change) => {
    const simulator = await simulate();
    const path = newPath();
    const toml = `${SHARED}${inFile(path)}${entry("openai", simulator.url)}`;
    const first = await factoryOf(toml).create().codegen("Hello");
    const database = new DatabaseSync(path);
    database.exec(change);
    database.close();
    for (let count = 0; count < 2; count++)
      expect((await factoryOf(toml).create().codegen("Hello")).text).toBe(first.text);
    expect(simulator.requests).toHaveLength(2);
  });

  it("does not wait for a server that never answers more than once, and says so once", async () => {
    const simulator = await simulate();
    const url = await silentServer();
    const state = `[state]\nstore = "redis"\nurl = "${url}"\ntimeout = "100ms"\n`;
    const { lines, logger } = logged();
    const model = factoryOf(`${SHARED}${state}${entry("openai", simulator.url)}`, { logger }).create();
    await model.codegen("Hello");
    using watch = new Stopwatch();
    for (let count = 0; count < 100; count++) await model.safeCodegen("Hello", { cache: "only" });
    expect(watch.elapsedMs).toBeLessThan(4_000);
    expect(simulator.requests).toHaveLength(1);
    expect(ofCache(lines)).toHaveLength(1);
  });
});

describeWith(REDIS_SERVER, '[cache] store = "state" with redis-server', () => {
  let server: RedisServer;
  let prefixes = 0;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());

  testSharedCache(() => `[state]\nstore = "redis"\nurl = "${server.url}"\nprefix = "test-${++prefixes}"\n`);

  it("answers with requests if the server is gone, and uses it again when it is back", async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.remove());
    const simulator = await simulate();
    const { lines, logger } = logged();
    let skippedMs = 0;
    const clock = { monotonic: () => performance.now() + skippedMs };
    const state = `[state]\nstore = "redis"\nurl = "${server.url}"\ntimeout = "500ms"\n`;
    const model = factoryOf(`${SHARED}${state}${entry("openai", simulator.url)}`, { logger, clock }).create();
    await model.codegen("Hello");
    await server.kill();
    await model.codegen("Hello");
    await model.codegen("Hello");
    expect(simulator.requests).toHaveLength(3);
    expect(ofCache(lines)).toHaveLength(1);
    await server.start();
    for (let requests = -1; simulator.requests.length !== requests; ) {
      requests = simulator.requests.length;
      skippedMs += 5_000;
      await model.codegen("Hello");
    }
    expect(ofCache(lines)[1]).toMatch(/the cache can be used again/);
  });

  it("keeps no prompt, answer key or API key in the names of its keys", async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.remove());
    const simulator = await simulate();
    const toml = `${SHARED}[state]\nstore = "redis"\nurl = "${server.url}"\n${entry("openai", simulator.url)}`;
    await factoryOf(toml).create().codegen("Hello");
    const admin = new Redis(server.url);
    onTestFinished(() => admin.quit().then(() => {}));
    const texts = await admin.keys("{modelwright}:v1:=*");
    expect(texts).toEqual([expect.stringMatching(/^\{modelwright\}:v1:=answer:[0-9a-f]{64}$/)]);
    expect(await admin.get(texts[0] ?? "")).not.toContain("test-key");
  });
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
