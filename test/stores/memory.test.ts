import { describe, expect, it, vi } from "vitest";
import { MemoryStore } from "../../src/stores/memory.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { testStore } from "./contract.ts";

testStore("memory", (clock) => new MemoryStore(1_000, clock));

describe("the memory store", () => {
  it("never exceeds its maximum, and evicts the least recently used value", async () => {
    const store = new MemoryStore(3, new FakeClock());
    for (const key of ["a", "b", "c"]) await store.set(key, key, 1_000);
    await store.get("a");
    await store.set("d", "d", 1_000);
    expect(store.size().entries).toBe(3);
    expect(await Promise.all(["a", "b", "c", "d"].map((key) => store.get(key)))).toEqual(["a", undefined, "c", "d"]);
  });

  it("treats an overwritten value as recently used", async () => {
    const store = new MemoryStore(2, new FakeClock());
    await store.set("a", 1, 1_000);
    await store.set("b", 1, 1_000);
    await store.set("a", 2, 1_000);
    await store.set("c", 1, 1_000);
    expect(await store.get("b")).toBeUndefined();
    expect(await store.get("a")).toBe(2);
  });

  it("never exceeds its size, and reports the values it evicts", async () => {
    const onEvicted = vi.fn();
    const store = new MemoryStore({ maxEntries: 10, maxBytes: 30, onEvicted }, new FakeClock());
    for (const key of ["a", "b", "c"]) await store.set(key, "12345678", 1_000);
    expect(store.size()).toEqual({ entries: 3, bytes: 30 });
    await store.get("a");
    await store.set("d", "12345678", 1_000);
    expect(store.size()).toEqual({ entries: 3, bytes: 30 });
    expect(onEvicted).toHaveBeenCalledTimes(1);
    expect(await store.get("b")).toBeUndefined();
    await store.set("a", "1234567890123456", 1_000);
    expect(store.size()).toEqual({ entries: 2, bytes: 28 });
    expect(onEvicted).toHaveBeenCalledTimes(2);
    expect(await Promise.all(["a", "c", "d"].map((key) => store.get(key)))).toEqual([
      "1234567890123456",
      undefined,
      "12345678",
    ]);
  });

  it("counts bytes, not characters", async () => {
    const store = new MemoryStore({ maxEntries: 10, maxBytes: 8 }, new FakeClock());
    await store.set("a", "äöü", 1_000);
    expect(store.size()).toEqual({ entries: 1, bytes: 8 });
    await store.set("b", "äöüx", 1_000);
    expect(await store.get("b")).toBeUndefined();
  });

  it("evicts nothing for a value that is larger than the store, and drops the value it replaces", async () => {
    const store = new MemoryStore({ maxEntries: 10, maxBytes: 20 }, new FakeClock());
    await store.set("a", "small", 1_000);
    await store.set("b", "small", 1_000);
    await store.set("b", "a value that is much too large", 1_000);
    expect(store.size()).toEqual({ entries: 1, bytes: 7 });
    expect([await store.get("a"), await store.get("b")]).toEqual(["small", undefined]);
  });

  it("counts neither expired nor deleted values", async () => {
    const clock = new FakeClock();
    const onEvicted = vi.fn();
    const store = new MemoryStore({ maxEntries: 2, onEvicted }, clock);
    await store.set("a", 1, 1_000);
    await store.set("b", 1, 5_000);
    await clock.advance(1_000);
    await store.set("c", 1, 5_000);
    expect(store.size()).toEqual({ entries: 2, bytes: 2 });
    expect(onEvicted).not.toHaveBeenCalled();
    await store.delete("b");
    expect(store.size()).toEqual({ entries: 1, bytes: 1 });
    await clock.advance(5_000);
    expect(store.size()).toEqual({ entries: 0, bytes: 0 });
  });
});
