import { expect, it } from "vitest";
import { KEEP_SETTLED_MS } from "../../src/core/store.ts";
import {
  admission,
  budget,
  counterStores,
  grantedBy,
  levelOf,
  type MakeCounters,
  rate,
  refusedBy,
  settlement,
  slot,
} from "./counters-claims.ts";

/** Contract of stores that outlive their processes. */
export function testLeases(make: MakeCounters): void {
  const fresh = counterStores(make);
  const LEASE_MS = 30_000;

  it("books the reservations of a process as spent when its lease expires, and frees its slots", async () => {
    const { store, clock } = await fresh();
    await grantedBy(store, admission([budget(), slot(2)], { owner: "dead" }));
    await grantedBy(store, admission([budget({ amount: 5n }), slot(2)], { owner: "alive" }));
    await clock.advance(LEASE_MS - 1);
    await store.renew("alive", LEASE_MS);
    expect(await levelOf(store)).toEqual({ spent: 0n, reserved: 15n });
    expect(await refusedBy(store, [slot(2)])).toMatchObject({ reason: "slots" });
    await clock.advance(1);
    await store.renew("alive", LEASE_MS);
    expect(await levelOf(store)).toEqual({ spent: 10n, reserved: 5n });
    await grantedBy(store, admission([slot(2)], { owner: "alive" }));
    expect(await refusedBy(store, [slot(2)])).toMatchObject({ reason: "slots" });
  });

  it("renews the lease with each admission", async () => {
    const { store, clock } = await fresh();
    for (let renewals = 0; renewals < 4; renewals++) {
      await grantedBy(store, admission([budget({ amount: 1n })]));
      await clock.advance(LEASE_MS - 1);
    }
    expect(await levelOf(store)).toEqual({ spent: 0n, reserved: 4n });
  });

  it("books more reservations than one operation may", async () => {
    const { store, clock } = await fresh();
    const requests = Array.from({ length: 150 }, () => admission([budget({ limit: 1_000n, amount: 1n })]));
    await Promise.all(requests.map((request) => store.admit(request)));
    await clock.advance(LEASE_MS);
    for (let operations = 0; operations < 4; operations++) await store.renew("another", LEASE_MS);
    expect(await levelOf(store)).toEqual({ spent: 150n, reserved: 0n });
  });

  it("shows the reservations of dead processes as spent, however many they are", async () => {
    const { store, clock } = await fresh();
    const requests = Array.from({ length: 150 }, (_, index) =>
      admission([budget({ limit: 1_000n, amount: 1n })], { owner: `dead ${index % 3}` }),
    );
    await Promise.all(requests.map((request) => store.admit(request)));
    await clock.advance(LEASE_MS);
    expect(await levelOf(store)).toEqual({ spent: 150n, reserved: 0n });
  });

  it("replaces what was booked when the attempt is settled after all", async () => {
    const { store, clock } = await fresh();
    const request = admission([budget({ amount: 40n }), slot(1)]);
    await grantedBy(store, request);
    await clock.advance(LEASE_MS);
    await store.renew("another", LEASE_MS);
    expect(await levelOf(store)).toEqual({ spent: 40n, reserved: 0n });
    await grantedBy(store, admission([slot(1)], { owner: "another" }));
    expect(await store.settle(settlement(request, 130n))).toEqual({ overruns: [30n] });
    await store.settle(settlement(request, 130n));
    expect(await levelOf(store)).toEqual({ spent: 130n, reserved: 0n });
    expect(await refusedBy(store, [slot(1)])).toMatchObject({ reason: "slots" });
  });

  it("adds what an unknown attempt used, once", async () => {
    const { store } = await fresh();
    await grantedBy(store, admission([budget()]));
    const unknown = admission([budget({ amount: 40n }), slot(1), rate({ limit: 100, perMs: 100_000, amount: 10 })]);
    expect(await store.settle(settlement(unknown, 95n))).toEqual({ overruns: [0n] });
    await store.settle(settlement(unknown, 95n));
    expect(await levelOf(store)).toEqual({ spent: 95n, reserved: 10n });
    expect(await refusedBy(store, [rate({ limit: 100, perMs: 100_000, amount: 6 })])).toMatchObject({ waitMs: 1_000 });
    await grantedBy(store, admission([slot(1)]));
    expect(await refusedBy(store, [slot(1)])).toMatchObject({ reason: "slots" });
  });

  it("does not take a lost counter for complete: its next claim needs a seed", async () => {
    const { store } = await fresh();
    await store.settle(settlement(admission([budget({ member: "ann" })]), 7n));
    await store.settle(settlement(admission([budget({ member: "ben" })]), 0n));
    expect(await store.levels("team")).toEqual([{ member: "ann", spent: 7n, reserved: 0n }]);
    expect(await refusedBy(store, [budget({ member: "ann", seed: undefined })])).toMatchObject({ reason: "missing" });
    const { levels } = await grantedBy(store, admission([budget({ member: "ann", seed: 50n })]));
    expect(levels).toEqual([{ spent: 50n, reserved: 10n }]);
    await grantedBy(store, admission([budget({ member: "ann", seed: undefined })]));
    await store.settle(settlement(admission([budget({ member: "carl" })]), 7n));
    await grantedBy(store, admission([budget({ member: "carl", seed: 0n })]));
    expect(await levelOf(store, "team", "carl")).toEqual({ spent: 7n, reserved: 10n });
  });

  it("rejects an attempt that was settled before it was admitted", async () => {
    const { store } = await fresh();
    const request = admission([budget(), slot(1)]);
    await store.settle(settlement(request, 0n));
    await expect(store.admit(request)).rejects.toThrow("already admitted");
    expect(await store.levels("team")).toEqual([]);
    await grantedBy(store, admission([slot(1)]));
  });

  it("forgets settled attempts after a while, not before", async () => {
    const { store, clock } = await fresh();
    const request = admission([budget()]);
    await grantedBy(store, request);
    await store.settle(settlement(request, 7n));
    await clock.advance(KEEP_SETTLED_MS - 120_000);
    await store.settle(settlement(request, 7n));
    expect(await levelOf(store)).toEqual({ spent: 7n, reserved: 0n });
  });
}
