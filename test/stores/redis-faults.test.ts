import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { StateSettings } from "../../src/core/budget.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Level, StoreUnavailable } from "../../src/core/store.ts";
import { openCounters } from "../../src/stores/open-counters.ts";
import { RedisCounters } from "../../src/stores/redis-counters.ts";
import { endOf, firstLine, killed, program } from "../harness/child-programs.ts";
import { admission, budget, grantedBy, levelOf, refusedBy, settlement, slot } from "../harness/counters-claims.ts";
import { testProcesses } from "../harness/counters-processes.ts";
import { describeWith, REDIS_SERVER } from "../harness/needs.ts";
import { RedisServer } from "../harness/redis-server.ts";
import { Stopwatch } from "../harness/stopwatch.ts";

const PROCESSES = join(import.meta.dirname, "processes");
const TIMEOUT_MS = 500;

describeWith(REDIS_SERVER, "a Redis", () => {
  let server: RedisServer;
  let prefix: string;
  let prefixes = 0;
  const open: RedisCounters[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());
  beforeEach(() => {
    prefix = `test-${++prefixes}`;
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  function counters(url = server.url, timeoutMs = TIMEOUT_MS): RedisCounters {
    const store = new RedisCounters({ url, prefix, timeoutMs }, systemClock);
    open.push(store);
    return store;
  }
  const settings = (): StateSettings => ({
    ...{ store: "redis", path: "", url: server.url, prefix, timeout: 30_000, onUnavailable: "refuse" },
  });
  const total = budget({ startsMs: 0, endsMs: Number.POSITIVE_INFINITY, limit: 1_000_000n });

  async function failure(store: RedisCounters, request = admission([total])): Promise<string> {
    const error = await store.admit(request).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error).toBeInstanceOf(StoreUnavailable);
    return (error as Error).message;
  }

  /** Until the store can be reached again. */
  async function granted(store: RedisCounters): Promise<void> {
    for (;;) {
      const reply = await store.admit(admission([total])).catch(() => undefined);
      if (reply !== undefined) return expect(reply).toMatchObject({ ok: true });
      await wait(20);
    }
  }

  async function admin(...command: [string, ...string[]]): Promise<unknown> {
    const redis = new Redis(server.url);
    const reply = await redis.call(...command);
    await redis.quit();
    return reply;
  }

  testProcesses(settings, (one) => openCounters(one, systemClock));

  it("books the reservations of a killed process as spent", async () => {
    const child = program(join(PROCESSES, "hold.ts"), [JSON.stringify(settings())]);
    await firstLine(child);
    await killed(child);
    const store = counters();
    const before = (await levelOf(store, "shared")) ?? { spent: 0n, reserved: 0n };
    expect(before.spent).toBeGreaterThan(0n);
    let level: Level | undefined = before;
    while (level?.reserved !== 0n) {
      await wait(50);
      await store.renew("another", 1_000);
      level = await levelOf(store, "shared");
    }
    expect(level.spent).toBe(before.spent + before.reserved);
    await grantedBy(store, admission([slot(1, "slots")]));
  });

  it("can be killed and started again: requests fail at once or in time, and later succeed without their counters", async () => {
    const store = counters();
    const request = admission([total]);
    await grantedBy(store, request);
    await server.kill();
    let message = await failure(store);
    // Sent over the connection that breaks.
    while (message.endsWith("connection lost")) {
      await wait(5);
      message = await failure(store);
    }
    expect(message).toMatch(/^Redis at 127\.0\.0\.1:\d+: connection refused; start it, or check \[state\] url$/);
    await wait(TIMEOUT_MS);
    using watch = new Stopwatch();
    await failure(store);
    expect(watch.elapsedMs).toBeLessThan(TIMEOUT_MS / 2);
    await server.start();
    for (;;) {
      const settled = await store.settle(settlement(request, 7n)).catch(() => undefined);
      if (settled !== undefined) break;
      await wait(20);
    }
    expect(await levelOf(store)).toEqual({ spent: 7n, reserved: 0n });
    expect(await refusedBy(store, [{ ...total, seed: undefined }])).toMatchObject({ reason: "missing" });
    const { levels } = await grantedBy(store, admission([{ ...total, seed: 100n }]));
    expect(levels).toEqual([{ spent: 100n, reserved: 10n }]);
  });

  it("can be started a moment later: requests wait for it", async () => {
    await server.kill();
    const reply = counters(server.url, 10_000).admit(admission([total]));
    await server.start();
    expect(await reply).toMatchObject({ ok: true });
  });

  it("can hang: requests fail in time; admissions that it ran later are settled to 0, until their owner settles them", async () => {
    const store = counters();
    const requests = Array.from({ length: 20 }, () => admission([total]));
    await grantedBy(store, admission([total]));
    server.pause();
    try {
      using watch = new Stopwatch();
      const errors = await Promise.all(requests.map((request) => failure(store, request)));
      expect(watch.elapsedMs).toBeLessThan(TIMEOUT_MS * 2);
      for (const error of errors) expect(error).toMatch(/no answer within 500 ms|connection lost/);
      await failure(store);
    } finally {
      server.resume();
    }
    await granted(store);
    while ((await levelOf(store))?.reserved !== 20n) await wait(10);
    expect(await levelOf(store)).toEqual({ spent: 0n, reserved: 20n });
    for (const request of [...requests, ...requests]) await store.settle(settlement(request, 7n));
    expect(await levelOf(store)).toEqual({ spent: 140n, reserved: 20n });
  });

  it("can lose its data: counters are missing, settlements count, scripts are loaded again", async () => {
    const store = counters();
    const request = admission([total, slot(1)]);
    await grantedBy(store, request);
    await admin("FLUSHALL");
    await admin("SCRIPT", "FLUSH");
    expect(await refusedBy(store, [{ ...total, seed: undefined }])).toMatchObject({ reason: "missing" });
    await grantedBy(store, admission([{ ...total, seed: 50n }, slot(1)]));
    await store.settle(settlement(request, 7n));
    expect(await levelOf(store)).toEqual({ spent: 57n, reserved: 10n });
    expect(await refusedBy(store, [slot(1)])).toMatchObject({ reason: "slots" });
  });

  it("must not evict keys; the counters work as soon as it is configured", async () => {
    await admin("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const store = counters();
    expect(await failure(store)).toContain(
      "maxmemory-policy is allkeys-lru, which may delete counters; set it to noeviction",
    );
    await admin("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await granted(store);
  });

  it("can run out of memory", async () => {
    const store = counters();
    await grantedBy(store, admission([total]));
    await admin("CONFIG", "SET", "maxmemory", "1");
    expect(await failure(store)).toContain("its memory is full; raise maxmemory");
    await admin("CONFIG", "SET", "maxmemory", "0");
    expect(await levelOf(store)).toEqual({ spent: 0n, reserved: 10n });
  });

  it("can reject the password, which no message contains", async () => {
    await admin("ACL", "SETUSER", "ann", "on", ">right", "~*", "+@all");
    const url = server.url.replace("redis://", "redis://ann:wr0ng@");
    const message = await failure(counters(url));
    expect(message).toContain("it rejected the user or password of [state] url");
    expect(message).not.toContain("wr0ng");
    await granted(counters(server.url.replace("redis://", "redis://ann:right@")));
  });

  it("needs no permission for INFO", async () => {
    await admin("ACL", "SETUSER", "ben", "on", ">right", "~*", "+@all", "-info");
    await granted(counters(server.url.replace("redis://", "redis://ben:right@")));
  });

  it("can be read-only", async () => {
    await admin("REPLICAOF", "127.0.0.1", "1");
    expect(await failure(counters())).toContain("it is a replica; set the address of the primary");
    await admin("REPLICAOF", "NO", "ONE");
  });

  it("keeps counters apart by prefix, all keys with one hash tag and a time to live", async () => {
    const store = counters();
    const request = admission([budget({ startsMs: 0, endsMs: systemClock.now() + 60_000 }), slot(1)]);
    await grantedBy(store, request);
    await store.settle(settlement(request, 5n));
    await store.pause("pause", 1_000);
    const keys = (await admin("KEYS", `*${prefix}*`)) as string[];
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(keys.filter((key) => !key.startsWith(`{${prefix}}:`))).toEqual([]);
    const endless = [];
    for (const key of keys) if (Number(await admin("PTTL", key)) < 0) endless.push(key);
    expect(endless).toEqual([`{${prefix}}:leases`]);
    prefix = "another";
    expect(await counters().levels("team")).toEqual([]);
  });

  it("does not keep a process running that never closes the counters", async () => {
    const child = program(join(PROCESSES, "unclosed.ts"), [JSON.stringify(settings())]);
    expect(await endOf(child)).toEqual({ code: 0, stdout: "granted\n", stderr: "" });
  });

  it("that is away does not keep a process running either", async () => {
    const away = { ...settings(), url: "redis://127.0.0.1:1", timeout: 2_000 };
    const { code, stderr } = await endOf(program(join(PROCESSES, "unclosed.ts"), [JSON.stringify(away)]));
    expect(code).toBe(1);
    expect(stderr).toContain("StoreUnavailable: Redis at 127.0.0.1:1: connection refused");
  });

  it("needs ioredis, and says how to install it", async () => {
    const child = program(join(PROCESSES, "without-ioredis.ts"), [JSON.stringify(settings())]);
    const { stderr } = await endOf(child);
    expect(stderr).toMatch(
      /StoreUnavailable: Redis at 127.0.0.1:\d+: the package ioredis is missing; run npm i ioredis/,
    );
  });

  it.each(["", "127.0.0.1:6379", "http://127.0.0.1"])("has a URL: %j is refused", async (url) => {
    expect(await failure(counters(url))).toContain("[state] url is not a URL of Redis; write redis://HOST:PORT");
  });

  it("refuses requests after the counters were closed", async () => {
    const store = counters();
    await granted(store);
    await Promise.all([store.close(), store.close()]);
    expect(await failure(store)).toContain("it is closed");
  });

  it("can be closed while it hangs", async () => {
    const store = counters();
    await granted(store);
    server.pause();
    try {
      using watch = new Stopwatch();
      await Promise.all([failure(store), store.close()]);
      expect(watch.elapsedMs).toBeLessThan(TIMEOUT_MS * 4);
    } finally {
      server.resume();
    }
  });

  it("is too old before version 6.2", async () => {
    const old = await serverWithInfo("redis_version:6.0.16\r\nmaxmemory_policy:noeviction\r\n");
    const { port } = old.address() as { port: number };
    const message = await failure(counters(`redis://127.0.0.1:${port}`));
    expect(message).toContain("version 6.0.16 is too old; use Redis 6.2 or newer, or Valkey");
    for (const store of open.splice(0)) await store.close();
    old.close();
  });
});

/** Answers every command with this text, as INFO does. */
async function serverWithInfo(info: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("data", (data) => {
      const commands = String(data)
        .split("\r\n")
        .filter((line) => line.startsWith("*"));
      for (const _ of commands) socket.write(`$${info.length}\r\n${info}\r\n`);
    });
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
