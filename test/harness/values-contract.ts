import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { BoundedStore } from "../../src/core/store.ts";
import { FakeClock } from "./fake-clock.ts";

export interface Bounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly onEvicted?: (count: number) => void;
}

type Make = (clock: FakeClock, bounds: Bounds) => BoundedStore;

const MANY: Bounds = { maxEntries: 1_000, maxBytes: 1_000_000 };

/** The contract of every value store, regardless of its storage. */
export function testValues(name: string, make: Make): void {
  const fresh = async (bounds: Partial<Bounds> = {}) => {
    const clock = new FakeClock();
    const store = make(clock, { ...MANY, ...bounds });
    onTestFinished(() => store.close());
    const kept = (...keys: string[]) => Promise.all(keys.map((key) => store.get(key)));
    return { clock, store, kept };
  };

  describe(`${name} keeps values`, () => {
    it("returns undefined for a missing key", async () => {
      const { store } = await fresh();
      expect(await store.get("nothing")).toBeUndefined();
    });

    it("returns any JSON value unchanged", async () => {
      const { store } = await fresh();
      await fc.assert(
        fc.asyncProperty(fc.string(), fc.jsonValue(), async (key, value) => {
          await store.set(key, value, 60_000);
          expect(JSON.stringify(await store.get(key))).toBe(JSON.stringify(value));
        }),
        { numRuns: 100 },
      );
    });

    it("overwrites the value of a key", async () => {
      const { store } = await fresh();
      await store.set("k", 1, 1_000);
      await store.set("k", 2, 1_000);
      expect(await store.get("k")).toBe(2);
    });

    it("stores copies, so that later mutations have no effect", async () => {
      const { store } = await fresh();
      const value = { list: [1] };
      await store.set("k", value, 1_000);
      value.list.push(2);
      const got = (await store.get("k")) as { list: number[] };
      got.list.push(3);
      expect(await store.get("k")).toEqual({ list: [1] });
    });

    it("expires a value after its TTL, not before", async () => {
      const { store, clock } = await fresh();
      await store.set("k", "v", 1_000);
      await clock.advance(999);
      expect(await store.get("k")).toBe("v");
      await clock.advance(1);
      expect(await store.get("k")).toBeUndefined();
    });

    it("deletes only the given key", async () => {
      const { store } = await fresh();
      await store.set("a", 1, 1_000);
      await store.set("b", 2, 1_000);
      await store.delete("a");
      await store.delete("never there");
      expect([await store.get("a"), await store.get("b")]).toEqual([undefined, 2]);
    });

    it("clears the keys with a prefix, and all of them without one", async () => {
      const { store } = await fresh();
      for (const key of ["a:1", "a:2", "b:1", "a"]) await store.set(key, key, 1_000);
      const left = async () => {
        const values = await Promise.all(["a:1", "a:2", "b:1", "a"].map((key) => store.get(key)));
        return values.filter((value) => value !== undefined);
      };
      await store.clear("a:");
      expect(await left()).toEqual(["b:1", "a"]);
      await store.clear("");
      expect(await left()).toEqual([]);
    });

    it("clears more values than one step deletes", async () => {
      const { store } = await fresh();
      const keys = Array.from({ length: 450 }, (_, index) => `a:${index}`);
      await Promise.all([...keys, "b"].map((key) => store.set(key, 1, 1_000)));
      expect(store.size().entries).toBe(451);
      await store.clear("a:");
      expect(store.size()).toEqual({ entries: 1, bytes: 1 });
      expect(await store.get("b")).toBe(1);
    });

    it("never exceeds its maximum number, and evicts the least recently used value", async () => {
      const { store, kept } = await fresh({ maxEntries: 3 });
      for (const key of ["a", "b", "c"]) await store.set(key, key, 1_000);
      await store.get("a");
      await store.set("d", "d", 1_000);
      expect(store.size().entries).toBe(3);
      expect(await kept("a", "b", "c", "d")).toEqual(["a", undefined, "c", "d"]);
    });

    it("treats an overwritten value as recently used", async () => {
      const { store } = await fresh({ maxEntries: 2 });
      await store.set("a", 1, 1_000);
      await store.set("b", 1, 1_000);
      await store.set("a", 2, 1_000);
      await store.set("c", 1, 1_000);
      expect(await store.get("b")).toBeUndefined();
      expect(await store.get("a")).toBe(2);
    });

    it("never exceeds its size, and reports the values it evicts", async () => {
      const onEvicted = vi.fn();
      const evicted = () => onEvicted.mock.calls.reduce((sum, [count]) => sum + Number(count), 0);
      const { store, kept } = await fresh({ maxBytes: 30, onEvicted });
      for (const key of ["a", "b", "c"]) await store.set(key, "12345678", 1_000);
      expect(store.size()).toEqual({ entries: 3, bytes: 30 });
      await store.get("a");
      await store.set("d", "12345678", 1_000);
      expect(store.size()).toEqual({ entries: 3, bytes: 30 });
      expect(evicted()).toBe(1);
      expect(await store.get("b")).toBeUndefined();
      await store.set("a", "1234567890123456", 1_000);
      expect(store.size()).toEqual({ entries: 2, bytes: 28 });
      expect(evicted()).toBe(2);
      expect(await kept("a", "c", "d")).toEqual(["1234567890123456", undefined, "12345678"]);
    });

    it("stays within its limits for any sequence of writes, reads and deletions", async () => {
      const write = fc.record({
        key: fc.constantFrom("a", "b", "c", "d", "e"),
        length: fc.nat(25),
        ttl: fc.integer({ min: 1, max: 50 }),
      });
      const step = fc.record({ write, read: fc.constantFrom("a", "b", "c"), wait: fc.nat(20), deletes: fc.boolean() });
      const { clock, store } = await fresh({ maxEntries: 3, maxBytes: 40 });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          await store.clear("");
          const living = new Map<string, { readonly value: string; readonly endsMs: number }>();
          for (const {
            write: { key, length, ttl },
            read,
            wait,
            deletes,
          } of steps) {
            await store.set(key, "x".repeat(length), ttl);
            living.delete(key);
            if (length + 2 <= 40) living.set(key, { value: "x".repeat(length), endsMs: clock.monotonic() + ttl });
            await clock.advance(wait);
            if (deletes) {
              await store.delete(read);
              living.delete(read);
            }
            const found = await store.get(read);
            const expected = living.get(read);
            if (expected === undefined || expected.endsMs <= clock.monotonic()) expect(found).toBeUndefined();
            else if (found !== undefined) expect(found).toBe(expected.value);
            expect(store.size().entries).toBeLessThanOrEqual(3);
            expect(store.size().bytes).toBeLessThanOrEqual(40);
          }
        }),
        { numRuns: 30 },
      );
    });

    it("counts bytes, not characters", async () => {
      const { store } = await fresh({ maxBytes: 8 });
      await store.set("a", "äöü", 1_000);
      expect(store.size()).toEqual({ entries: 1, bytes: 8 });
      await store.set("b", "äöüx", 1_000);
      expect(await store.get("b")).toBeUndefined();
    });

    it("evicts nothing for a value that is larger than the store, and drops the value it replaces", async () => {
      const { store, kept } = await fresh({ maxBytes: 20 });
      await store.set("a", "small", 1_000);
      await store.set("b", "small", 1_000);
      await store.set("b", "a value that is much too large", 1_000);
      expect(store.size()).toEqual({ entries: 1, bytes: 7 });
      expect(await kept("a", "b")).toEqual(["small", undefined]);
    });

    it("counts neither expired nor deleted values", async () => {
      const onEvicted = vi.fn();
      const { store, clock } = await fresh({ maxEntries: 2, onEvicted });
      await store.set("a", 1, 1_000);
      await store.set("b", 1, 5_000);
      await clock.advance(1_000);
      await store.set("c", 1, 5_000);
      expect(store.size()).toEqual({ entries: 2, bytes: 2 });
      expect(onEvicted).not.toHaveBeenCalled();
      await store.delete("b");
      expect(store.size()).toEqual({ entries: 1, bytes: 1 });
      await clock.advance(5_000);
      await store.get("c");
      expect(store.size()).toEqual({ entries: 0, bytes: 0 });
    });
  });
}
