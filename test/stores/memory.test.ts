import { describe, expect, it } from "vitest";
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
    expect(store.size).toBe(3);
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
});
