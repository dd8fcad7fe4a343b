import { describe, expect, it } from "vitest";
import { MAX_LIMIT } from "../../src/core/store.ts";
import { testAgreement } from "./counters-agreement.ts";
import {
  admission,
  budget,
  counterStores,
  grantedBy,
  levelOf,
  type MakeCounters,
  pauseOf,
  rate,
  refusedBy,
  settlement,
  slot,
} from "./counters-claims.ts";
import { testLeases } from "./counters-leases.ts";

/** The contract of every store of counters. `leases`: processes that may end at any time share it. */
export function testCounters(name: string, make: MakeCounters, { leases }: { readonly leases: boolean }): void {
  describe(`${name} fulfills the contract of counters`, () => {
    testBudgets(make);
    testMoney(make);
    testWaits(make);
    testSettlements(make);
    testAgreement(make);
    if (leases) testLeases(make);
  });
}

function testBudgets(make: MakeCounters): void {
  const fresh = counterStores(make);

  it("grants while spent + reserved + amount is at most the limit", async () => {
    const { store } = await fresh();
    const first = admission([budget({ amount: 60n })]);
    expect((await grantedBy(store, first)).levels).toEqual([{ spent: 0n, reserved: 60n }]);
    expect((await grantedBy(store, admission([budget({ amount: 40n })]))).levels).toEqual([
      { spent: 0n, reserved: 100n },
    ]);
    expect(await refusedBy(store, [budget({ amount: 1n })])).toMatchObject({ reason: "reserved", refused: 0 });
    await store.settle(settlement(first, 59n));
    expect(await refusedBy(store, [budget({ amount: 2n })])).toMatchObject({ reason: "reserved" });
    await grantedBy(store, admission([budget({ amount: 1n })]));
  });

  it("distinguishes exhausted from reserved, and returns the level", async () => {
    const { store } = await fresh();
    const first = admission([budget({ amount: 70n })]);
    await grantedBy(store, first);
    const reserved = { reason: "reserved", refused: 0, level: { spent: 0n, reserved: 70n } };
    expect(await refusedBy(store, [budget({ amount: 31n })])).toEqual(reserved);
    await store.settle(settlement(first, 70n));
    const exhausted = { reason: "exhausted", refused: 0, level: { spent: 70n, reserved: 0n } };
    expect(await refusedBy(store, [budget({ amount: 31n })])).toEqual(exhausted);
    expect(await refusedBy(store, [budget({ amount: 101n })])).toMatchObject({ reason: "exhausted" });
  });

  it("reserves either all claims or none", async () => {
    const { store } = await fresh();
    const claims = [budget({ member: "a" }), rate({ limit: 1 }), slot(1), budget({ member: "b", limit: 5n })];
    expect(await refusedBy(store, claims)).toMatchObject({ reason: "exhausted", refused: 3 });
    expect(await store.levels("team")).toEqual([]);
    await grantedBy(store, admission([rate({ limit: 1 }), slot(1)]));
    expect(await refusedBy(store, [budget({ member: "a" }), slot(1)])).toMatchObject({ reason: "slots" });
    expect(await store.levels("team")).toEqual([]);
  });

  it("names an exhausted budget before claims that wait", async () => {
    const { store } = await fresh();
    await store.pause("pause", 90_000);
    const claims = [pauseOf(), slot(0), rate({ limit: 5, amount: 6 }), budget({ limit: 5n })];
    expect(await refusedBy(store, claims)).toMatchObject({ reason: "exhausted", refused: 3 });
  });

  it("otherwise names the claim with the longest wait", async () => {
    const { store } = await fresh();
    await store.pause("short", 1_000);
    await store.pause("long", 90_000);
    const claims = [slot(0), pauseOf("short"), pauseOf("long"), slot(0)];
    expect(await refusedBy(store, claims)).toEqual({ reason: "paused", refused: 2, waitMs: 90_000 });
    expect(await refusedBy(store, [slot(0), slot(0)])).toEqual({ reason: "slots", refused: 0 });
  });

  it("reserves nothing for a probe", async () => {
    const { store } = await fresh();
    const claims = [budget(), rate({ limit: 1 }), slot(1)];
    for (let probes = 0; probes < 3; probes++)
      expect(await store.admit(admission(claims, { probe: true }))).toMatchObject({ ok: true, levels: [] });
    expect(await store.levels("team")).toEqual([]);
    await grantedBy(store, admission(claims));
    expect(await store.admit(admission(claims, { probe: true }))).toMatchObject({ ok: false });
  });

  it("starts a counter with its seed, once", async () => {
    const { store } = await fresh();
    expect(await refusedBy(store, [budget({ seed: 95n })])).toMatchObject({ reason: "exhausted" });
    expect(await store.levels("team")).toEqual([]);
    const claim = budget({ seed: 90n });
    expect((await grantedBy(store, admission([claim]))).levels).toEqual([{ spent: 90n, reserved: 10n }]);
    await grantedBy(store, admission([budget({ seed: 0n, amount: 0n })]));
    expect(await levelOf(store)).toEqual({ spent: 90n, reserved: 10n });
  });

  it("rejects a counter that does not exist if its claim has no seed", async () => {
    const { store } = await fresh();
    expect(await refusedBy(store, [budget({ seed: undefined })])).toEqual({ reason: "missing", refused: 0 });
    await grantedBy(store, admission([budget()]));
    await grantedBy(store, admission([budget({ seed: undefined })]));
  });

  it("keeps members and families separate, whatever their names", async () => {
    const { store } = await fresh();
    const names = ["", "ann", "a\u0000b", "a:b", 'a"b', "{a}", "ä🙂", " ", "a\nb", "sann", "rann"];
    for (const [index, member] of names.entries())
      await grantedBy(store, admission([budget({ member, amount: BigInt(index + 1) })]));
    await grantedBy(store, admission([budget({ family: "team:2", amount: 50n })]));
    const levels = await store.levels("team");
    expect(new Map(levels.map(({ member, reserved }) => [member, reserved]))).toEqual(
      new Map(names.map((member, index) => [member, BigInt(index + 1)])),
    );
    expect(await levelOf(store, "team:2")).toEqual({ spent: 0n, reserved: 50n });
  });

  it("limits the members of a family", async () => {
    const { store } = await fresh();
    const of = (member: string) => [budget({ member, maxMembers: 2 })];
    await grantedBy(store, admission(of("a")));
    await grantedBy(store, admission(of("b")));
    expect(await refusedBy(store, of("c"))).toEqual({ reason: "members", refused: 0 });
    await grantedBy(store, admission(of("a")));
  });

  it("rejects a period that does not contain the current time", async () => {
    const { store, clock } = await fresh();
    const now = clock.now();
    expect(await refusedBy(store, [budget({ startsMs: now + 1 })])).toEqual({ reason: "period", refused: 0 });
    expect(await refusedBy(store, [budget({ endsMs: now })])).toEqual({ reason: "period", refused: 0 });
    const { nowMs } = await grantedBy(store, admission([budget({ startsMs: now, endsMs: now + 1 })]));
    expect(nowMs).toBe(now);
    await clock.advance(1);
    expect(await refusedBy(store, [budget({ startsMs: now, endsMs: now + 1 })])).toMatchObject({ reason: "period" });
    const total = budget({ family: "total", startsMs: 0, endsMs: Number.POSITIVE_INFINITY });
    await grantedBy(store, admission([total]));
  });
}

function testMoney(make: MakeCounters): void {
  const fresh = counterStores(make);

  it("adds amounts exactly, beyond 2^31 and up to the largest limit", async () => {
    const { store } = await fresh();
    const odd = 123_456_123_456_789n;
    const claim = budget({ limit: MAX_LIMIT, amount: odd });
    for (let sum = odd; sum <= 20n * odd; sum += odd) {
      const request = admission([claim]);
      expect((await grantedBy(store, request)).levels[0]).toEqual({ spent: sum - odd, reserved: odd });
      await store.settle(settlement(request, odd));
    }
    const rest = MAX_LIMIT - 20n * odd;
    expect(await refusedBy(store, [budget({ limit: MAX_LIMIT, amount: rest + 1n })])).toMatchObject({
      reason: "exhausted",
    });
    const last = admission([budget({ limit: MAX_LIMIT, amount: rest })]);
    expect((await grantedBy(store, last)).levels[0]).toEqual({ spent: 20n * odd, reserved: rest });
    await store.settle(settlement(last, rest));
    expect(await levelOf(store)).toEqual({ spent: MAX_LIMIT, reserved: 0n });
    expect(await refusedBy(store, [budget({ limit: MAX_LIMIT, amount: 1n })])).toMatchObject({ reason: "exhausted" });
  });

  it("keeps single nano-dollars next to the largest amounts", async () => {
    const { store } = await fresh();
    const large = admission([budget({ limit: MAX_LIMIT, amount: MAX_LIMIT - 3n })]);
    await grantedBy(store, large);
    const small = [1n, 1n, 1n].map((amount) => admission([budget({ limit: MAX_LIMIT, amount })]));
    for (const request of small) await grantedBy(store, request);
    expect(await refusedBy(store, [budget({ limit: MAX_LIMIT, amount: 1n })])).toMatchObject({ reason: "reserved" });
    for (const request of [large, ...small]) await store.settle(settlement(request, 0n));
    expect(await levelOf(store)).toEqual({ spent: 0n, reserved: 0n });
  });

  it("books more than the limit exactly, with the overrun", async () => {
    const { store } = await fresh();
    const request = admission([budget({ limit: MAX_LIMIT, amount: MAX_LIMIT })]);
    await grantedBy(store, request);
    const used = MAX_LIMIT - 1n;
    const second = admission([budget({ member: "other", amount: 1n })]);
    await grantedBy(store, second);
    expect(await store.settle(settlement(request, used))).toEqual({ overruns: [0n] });
    const third = admission([budget({ limit: MAX_LIMIT, amount: 1n })]);
    await grantedBy(store, third);
    expect(await store.settle(settlement(third, 8_000_000_000_000_001n))).toEqual({
      overruns: [8_000_000_000_000_000n],
    });
    expect(await levelOf(store)).toEqual({ spent: 17_000_000_000_000_000n, reserved: 0n });
  });
}

function testWaits(make: MakeCounters): void {
  const fresh = counterStores(make);

  it("refills a bucket continuously", async () => {
    const { store, clock } = await fresh();
    const one = [rate({ limit: 3, perMs: 3_000 })];
    for (let burst = 0; burst < 3; burst++) await grantedBy(store, admission(one));
    expect(await refusedBy(store, one)).toEqual({ reason: "rate", refused: 0, waitMs: 1_000 });
    await clock.advance(400);
    expect(await refusedBy(store, one)).toMatchObject({ waitMs: 600 });
    await clock.advance(600);
    await grantedBy(store, admission(one));
    expect(await refusedBy(store, one)).toMatchObject({ waitMs: 1_000 });
  });

  it("reports that an amount larger than the bucket never fits", async () => {
    const { store } = await fresh();
    expect(await refusedBy(store, [rate({ limit: 3, amount: 4 })])).toEqual({
      ...{ reason: "rate", refused: 0, waitMs: Number.POSITIVE_INFINITY },
    });
  });

  it("corrects a bucket when the attempt is settled", async () => {
    const { store } = await fresh();
    const claim = rate({ limit: 100, perMs: 100_000, amount: 10 });
    const more = admission([claim]);
    await grantedBy(store, more);
    await store.settle(settlement(more, 60n));
    expect(await refusedBy(store, [rate({ limit: 100, perMs: 100_000, amount: 41 })])).toMatchObject({ waitMs: 1_000 });
    const less = admission([rate({ limit: 100, perMs: 100_000, amount: 40 })]);
    await grantedBy(store, less);
    await store.settle(settlement(less, 5n));
    await grantedBy(store, admission([rate({ limit: 100, perMs: 100_000, amount: 35 })]));
    expect(await refusedBy(store, [rate({ limit: 100, perMs: 100_000, amount: 1 })])).toMatchObject({ waitMs: 1_000 });
  });

  it("limits concurrent attempts", async () => {
    const { store } = await fresh();
    const first = admission([slot(2)]);
    await grantedBy(store, first);
    await grantedBy(store, admission([slot(2)]));
    expect(await refusedBy(store, [slot(2)])).toEqual({ reason: "slots", refused: 0 });
    await grantedBy(store, admission([slot(1, "others")]));
    await store.settle(settlement(first, 0n));
    await store.settle(settlement(first, 0n));
    await grantedBy(store, admission([slot(2)]));
    expect(await refusedBy(store, [slot(2)])).toMatchObject({ reason: "slots" });
  });

  it("never shortens a pause", async () => {
    const { store, clock } = await fresh();
    await store.pause("pause", 5_000);
    await store.pause("pause", 1_000);
    await store.pause("pause", -1_000);
    expect(await refusedBy(store, [pauseOf()])).toEqual({ reason: "paused", refused: 0, waitMs: 5_000 });
    await clock.advance(4_999);
    expect(await refusedBy(store, [pauseOf()])).toMatchObject({ waitMs: 1 });
    await clock.advance(1);
    await grantedBy(store, admission([pauseOf()]));
    await store.pause("pause", 10);
    expect(await refusedBy(store, [pauseOf()])).toMatchObject({ waitMs: 10 });
  });
}

function testSettlements(make: MakeCounters): void {
  const fresh = counterStores(make);

  it("settles an attempt once", async () => {
    const { store } = await fresh();
    const request = admission([budget(), rate({ limit: 2 })]);
    await grantedBy(store, request);
    expect(await store.settle(settlement(request, 7n))).toEqual({ overruns: [0n] });
    await store.settle(settlement(request, 7n));
    await store.settle(settlement(request, 50n));
    expect(await levelOf(store)).toEqual({ spent: 7n, reserved: 0n });
  });

  it("settles after the end of the period", async () => {
    const { store, clock } = await fresh();
    const request = admission([budget({ endsMs: clock.now() + 1_000 })]);
    await grantedBy(store, request);
    await clock.advance(2_000);
    await store.settle(settlement(request, 7n));
    expect(await levelOf(store)).toEqual({ spent: 7n, reserved: 0n });
  });

  it("returns only the amount by which one attempt exceeds the limit", async () => {
    const { store } = await fresh();
    const requests = [admission([budget({ amount: 50n })]), admission([budget({ amount: 50n })])];
    for (const request of requests) await grantedBy(store, request);
    const overruns = [];
    for (const request of requests) overruns.push(await store.settle(settlement(request, 80n)));
    expect(overruns).toEqual([{ overruns: [0n] }, { overruns: [60n] }]);
    expect(await levelOf(store)).toEqual({ spent: 160n, reserved: 0n });
    const late = admission([budget({ amount: 0n, member: "a" }), rate(), budget({ member: "b" })]);
    await grantedBy(store, late);
    expect(await store.settle(settlement(late, 150n))).toEqual({ overruns: [50n, 50n] });
  });

  it("never grants concurrent attempts more than the limit", async () => {
    const { store } = await fresh();
    const requests = Array.from({ length: 300 }, () => admission([budget({ limit: 1_000n }), slot(150)]));
    const replies = await Promise.all(requests.map((request) => store.admit(request)));
    const granted = requests.filter((_, index) => replies[index]?.ok);
    expect(granted.length).toBe(100);
    expect(await levelOf(store)).toEqual({ spent: 0n, reserved: 1_000n });
    await Promise.all(granted.map((request) => store.settle(settlement(request, 10n))));
    expect(await levelOf(store)).toEqual({ spent: 1_000n, reserved: 0n });
  });
}
