import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import type { ValueStore } from "../../src/core/store.ts";
import { FakeClock } from "../harness/fake-clock.ts";

/** What every store has to do, whatever it keeps its values in. */
export function testStore(name: string, make: (clock: Clock) => Promise<ValueStore> | ValueStore): void {
  const fresh = async () => {
    const clock = new FakeClock();
    return { clock, store: await make(clock) };
  };

  describe(`${name} fulfills the contract of a store`, () => {
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
  });
}
