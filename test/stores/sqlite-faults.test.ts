import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StateSettings } from "../../src/core/budget.ts";
import { systemClock } from "../../src/core/clock.ts";
import { KEEP_AFTER_PERIOD_MS, StoreUnavailable } from "../../src/core/store.ts";
import { networkFileSystem } from "../../src/stores/network-folder.ts";
import { openCounters } from "../../src/stores/open-counters.ts";
import { SqliteCounters } from "../../src/stores/sqlite-counters.ts";
import { endOf, firstLine, killed, program } from "../harness/child-programs.ts";
import { admission, budget, grantedBy, levelOf, settlement, slot } from "../harness/counters-claims.ts";
import { testProcesses } from "../harness/counters-processes.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { Stopwatch } from "../harness/stopwatch.ts";

const PROCESSES = join(import.meta.dirname, "processes");

let folder: string;
let path: string;
const open: SqliteCounters[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-state-"));
  path = join(folder, "state.db");
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function counters(options: { timeoutMs?: number; maxPages?: number } = {}, clock = systemClock): SqliteCounters {
  const store = new SqliteCounters({ path, timeoutMs: 10_000, ...options }, clock);
  open.push(store);
  return store;
}

const total = budget({ startsMs: 0, endsMs: Number.POSITIVE_INFINITY, limit: 1_000_000n });
const failure = async (store: SqliteCounters, request = admission([total])): Promise<Error> => {
  const error = await store.admit(request).then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(StoreUnavailable);
  return error as Error;
};

const settings = (): StateSettings => ({
  ...{ store: "sqlite", path, prefix: "", timeout: 30_000, onUnavailable: "refuse" },
});

describe("processes that share counters in SQLite", () => {
  testProcesses(settings, (one) => openCounters(one, systemClock));

  it("keep them if one is killed, and book its reservations as spent", async () => {
    const child = program(join(PROCESSES, "hold.ts"), [JSON.stringify(settings())]);
    await firstLine(child);
    await killed(child);
    const later = { ...systemClock, now: () => systemClock.now() + 2_000 };
    const store = counters({}, later);
    const before = await levelOf(store, "shared");
    await store.renew("another", 1_000);
    const { spent = 0n, reserved = 0n } = before ?? {};
    expect(spent).toBeGreaterThan(0n);
    expect(await levelOf(store, "shared")).toEqual({ spent: spent + reserved, reserved: 0n });
    await grantedBy(store, admission([slot(1, "slots")]));
    await store.close();
    const database = new DatabaseSync(path);
    expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    database.close();
  });
});

describe("a lock that another process holds", () => {
  it("never stalls the event loop, not even if that process is stopped", async () => {
    await grantedBy(counters(), admission([total]));
    const child = program(join(PROCESSES, "lock.ts"), [path]);
    try {
      await firstLine(child);
      child.kill("SIGSTOP");
      const store = counters({ timeoutMs: 400 });
      using watch = new Stopwatch();
      let turns = 0;
      const timer = setInterval(() => turns++, 5);
      const errors = await Promise.all([failure(store), failure(store)]);
      clearInterval(timer);
      expect(turns).toBeGreaterThan(10);
      expect(watch.elapsedMs).toBeLessThan(2_000);
      for (const { message } of errors) expect(message).toMatch(/state\.db.*lock/);
      await store.close();
    } finally {
      await killed(child);
    }
    expect(await levelOf(counters())).toEqual({ spent: 0n, reserved: 10n });
  });

  it("delays an admission; one that was given up is settled to 0, until its owner settles it", async () => {
    const clock = new FakeClock();
    const store = counters({ timeoutMs: 60_000 }, clock);
    await grantedBy(store, admission([total], { leaseMs: 1e9 }));
    const request = admission([total], { leaseMs: 1e9 });
    const child = program(join(PROCESSES, "lock.ts"), [path]);
    try {
      await firstLine(child);
      const given = failure(store, request);
      await clock.advance(60_000);
      expect((await given).message).toContain("did not answer within 60000 ms");
    } finally {
      await killed(child);
    }
    let level = await levelOf(store);
    while (level?.reserved !== 10n) {
      await wait(5);
      level = await levelOf(store);
    }
    expect(level).toEqual({ spent: 0n, reserved: 10n });
    await expect(store.admit(request)).rejects.toThrow("already admitted");
    await store.settle(settlement(request, 7n));
    await store.settle(settlement(request, 7n));
    expect(await levelOf(store)).toEqual({ spent: 7n, reserved: 10n });
  });
});

describe("a file that cannot be used", () => {
  it("was written by a newer version", async () => {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    const { message } = await failure(counters());
    expect(message).toBe(
      `cannot use ${path}: a newer modelwright wrote it (version 99, this one knows 2); update modelwright, or set another [state] path`,
    );
  });

  it("belongs to another program", async () => {
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE songs (title TEXT)");
    database.close();
    expect((await failure(counters())).message).toContain("it is a database of another program");
  });

  it("is not a database, until it is moved away", async () => {
    writeFileSync(path, "a note, not a database ".repeat(100));
    const store = counters();
    expect((await failure(store)).message).toContain(`cannot use ${path}: it is not an SQLite database; move it away`);
    rmSync(path);
    await grantedBy(store, admission([total]));
  });

  it("is damaged", async () => {
    const store = counters();
    await grantedBy(store, admission([total]));
    await store.close();
    // All pages but the first.
    writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 4_096), Buffer.alloc(40_000, 1)]));
    expect((await failure(counters())).message).toMatch(/it is damaged; move it away/);
  });

  it("is in a folder that cannot be created", async () => {
    writeFileSync(join(folder, "file"), "");
    path = join(folder, "file", "state.db");
    expect((await failure(counters())).message).toContain("a part of its path is not a folder");
  });

  it("is a folder", async () => {
    mkdirSync(path);
    expect((await failure(counters())).message).toContain("it cannot be opened");
  });

  it("is in a read-only folder", async () => {
    chmodSync(folder, 0o555);
    // The administrator may write everywhere, so the program runs as nobody.
    const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const child = program(join(PROCESSES, "hold.ts"), [JSON.stringify(settings())], uid);
    const { stderr } = await endOf(child);
    expect(stderr).toMatch(/StoreUnavailable: cannot use .*state\.db: it cannot be opened; make its folder writable/);
  });

  it("is on a full disk; what was granted before is kept", async () => {
    const store = counters({ maxPages: 40 });
    const granted = [];
    let error: Error | undefined;
    while (error === undefined) {
      const request = admission([{ ...total, member: "m".repeat(2_000) + granted.length }]);
      error = await store.admit(request).then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (error === undefined) granted.push(request);
    }
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error.message).toContain(`cannot use ${path}: the disk is full; free some space`);
    expect(granted.length).toBeGreaterThan(5);
    await store.close();
    const levels = await counters().levels("team");
    expect(levels.map(({ reserved }) => reserved)).toEqual(granted.map(() => 10n));
  });

  it.each([
    [0x6969, "NFS"],
    [0x517b, "SMB"],
    [0xff534d42 | 0, "SMB"],
    [0xfe534d42, "SMB"],
    [0xef53, undefined],
  ])("is on a network file system (%d)", (type, name) => {
    expect(networkFileSystem(type, () => "")).toBe(name);
    expect(networkFileSystem(0x65735546, () => "fuse.sshfs")).toBe("fuse.sshfs");
    expect(networkFileSystem(0x65735546, () => "fuse.ntfs")).toBeUndefined();
  });
});

describe("counters in SQLite", () => {
  it("are deleted some time after their period, in chunks", async () => {
    const clock = new FakeClock();
    const store = counters({}, clock);
    const endsMs = clock.now() + 1_000;
    const claims = Array.from({ length: 450 }, (_, index) => budget({ endsMs, member: String(index) }));
    await Promise.all(claims.map((claim) => store.admit(admission([claim], { leaseMs: 1e9 }))));
    await grantedBy(store, admission([{ ...total, family: "total" }], { leaseMs: 1e9 }));
    await clock.advance(KEEP_AFTER_PERIOD_MS + 999);
    await store.renew("process", 1e9);
    expect((await store.levels("team")).length).toBe(450);
    await clock.advance(60_000);
    const left = [];
    for (let operations = 0; operations < 5; operations++) left.push((await store.levels("team")).length);
    expect(left.slice(0, 2)).toEqual([250, 50]);
    expect(left.at(-1)).toBe(0);
    expect((await store.levels("total")).length).toBe(1);
  });

  it("are stored in a new folder, with nothing on stderr, by a process that ends by itself", async () => {
    path = join(folder, "a", "b", "state.db");
    const argument = { settings: settings(), callers: 2, limit: "10", amount: "1" };
    const end = await endOf(program(join(PROCESSES, "spend.ts"), [JSON.stringify(argument)]));
    expect(end).toMatchObject({ code: 0, stderr: "", stdout: '{"granted":10,"tooMuch":0}\n' });
    expect(existsSync(path)).toBe(true);
  });

  it("do not keep a process running that never closes them", async () => {
    const child = program(join(PROCESSES, "unclosed.ts"), [JSON.stringify(settings())]);
    expect(await endOf(child)).toEqual({ code: 0, stdout: "granted\n", stderr: "" });
  });

  it("refuse requests after they were closed", async () => {
    const store = counters();
    await grantedBy(store, admission([total]));
    const last = store.admit(admission([total]));
    await Promise.all([store.close(), store.close()]);
    expect(await last).toMatchObject({ ok: true });
    expect((await failure(store)).message).toContain("is closed");
  });
});
