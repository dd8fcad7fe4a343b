import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { StoreUnavailable } from "../../src/core/store.ts";
import { openValues } from "../../src/stores/open-values.ts";
import { SharedValues } from "../../src/stores/shared-values.ts";
import { SqliteCounters } from "../../src/stores/sqlite-counters.ts";
import { SqliteTexts } from "../../src/stores/sqlite-texts.ts";
import { firstLine, killed, program } from "../harness/child-programs.ts";
import { admission, budget, grantedBy, levelOf } from "../harness/counters-claims.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { testValues } from "../harness/values-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-state-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
let path: string;
beforeEach(() => {
  path = newPath();
});
const newPath = () => join(folder, `${++files}`, "state.db");

testValues("sqlite", (clock, bounds) => {
  const texts = new SqliteTexts({ path: newPath(), timeoutMs: 10_000 }, clock);
  return new SharedValues(async () => texts, bounds, clock);
});

function values(options: { maxEntries?: number; maxBytes?: number; timeout?: number } = {}, clock = systemClock) {
  const { maxEntries = 100, maxBytes = 10_000, timeout = 10_000 } = options;
  const state = { store: "sqlite", path, prefix: "", timeout, onUnavailable: "refuse" } as const;
  const store = openValues(state, { maxEntries, maxBytes }, clock);
  onTestFinished(() => store.close());
  return store;
}

function changeFile(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("values in SQLite", () => {
  it("are shared by all who use the file, with one order of use", async () => {
    const [one, two] = [values({ maxEntries: 2 }), values({ maxEntries: 2 })];
    await one.set("a", 1, 60_000);
    await two.set("b", 2, 60_000);
    expect(await two.get("a")).toBe(1);
    await one.set("c", 3, 60_000);
    expect(await two.get("b")).toBeUndefined();
    expect(await two.get("a")).toBe(1);
    expect(two.size()).toEqual({ entries: 2, bytes: 2 });
  });

  it("are in a file that only its owner can read", async () => {
    await values().set("a", 1, 60_000);
    for (const end of ["", "-wal", "-shm"]) expect(statSync(`${path}${end}`).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["is truncated", "UPDATE value_text SET text = substr(text, 1, length(text) - 3)"],
    ["has another character", "UPDATE value_text SET text = replace(text, 'fine', 'fire')"],
    ["is not JSON", "UPDATE value_text SET text = 'cached'"],
    ["is missing", "DELETE FROM value_text"],
    ["is larger than allowed", "UPDATE value_text SET text = text || hex(zeroblob(10000))"],
  ])("are not found if their text %s", async (_, change) => {
    await values().set("a", { text: "fine" }, 60_000);
    changeFile(change);
    const store = values();
    expect(await store.get("a")).toBeUndefined();
    await store.set("a", 2, 60_000);
    expect(await store.get("a")).toBe(2);
  });

  it("are added to a file of the previous version, which keeps its counters", async () => {
    const total = budget({ startsMs: 0, endsMs: Number.POSITIVE_INFINITY, limit: 1_000_000n });
    const counters = new SqliteCounters({ path, timeoutMs: 10_000 }, systemClock);
    await grantedBy(counters, admission([total]));
    await counters.close();
    changeFile("DROP TABLE value; DROP TABLE value_text; DROP TABLE value_total; PRAGMA user_version = 1");
    const store = values();
    await store.set("a", 1, 60_000);
    expect(await store.get("a")).toBe(1);
    const again = new SqliteCounters({ path, timeoutMs: 10_000 }, systemClock);
    onTestFinished(() => again.close());
    expect(await levelOf(again)).toEqual({ spent: 0n, reserved: 10n });
  });

  it("are refused in a file of a newer version", async () => {
    await values().set("a", 1, 60_000);
    changeFile("PRAGMA user_version = 99");
    await expect(values().get("a")).rejects.toThrow(/a newer modelwright wrote it \(version 99.*update modelwright/);
  });

  it("are not asked for again for a while if the file is locked", async () => {
    await values().set("a", 1, 60_000);
    const child = program(join(import.meta.dirname, "processes/lock.ts"), [path]);
    onTestFinished(() => killed(child));
    await firstLine(child);
    let nowMs = 0;
    const store = values({ timeout: 200 }, { ...systemClock, monotonic: () => nowMs });
    await expect(store.get("a")).rejects.toThrow(/lock/);
    using watch = new Stopwatch();
    for (let count = 0; count < 100; count++) await expect(store.get("a")).rejects.toThrow(StoreUnavailable);
    expect(watch.elapsedMs).toBeLessThan(200);
    await killed(child);
    nowMs += 5_000;
    expect(await store.get("a")).toBe(1);
  });

  it("are neither found nor stored after the store was closed", async () => {
    const store = values();
    await store.set("a", 1, 60_000);
    await store.close();
    await store.set("b", 1, 60_000);
    expect([await store.get("a"), await values().get("a"), await values().get("b")]).toEqual([undefined, 1, undefined]);
  });

  it("removes at most a thousand for one write after the bounds were lowered", async () => {
    const clock = new FakeClock();
    const many = values({ maxEntries: 5_000, maxBytes: 1e6 }, clock);
    await Promise.all(Array.from({ length: 1_500 }, (_, index) => many.set(`${index}`, 1, 60_000)));
    const few = values({ maxEntries: 10, maxBytes: 1e6 }, clock);
    await few.set("new", 1, 60_000);
    expect(few.size().entries).toBe(501);
    await few.set("new", 1, 60_000);
    expect(few.size().entries).toBe(10);
    expect(await few.get("new")).toBe(1);
  });
});
