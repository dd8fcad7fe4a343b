import { describe, expect, it } from "vitest";
import type { Call, Observer } from "../../src/core/call.ts";
import { allOf } from "../../src/core/observer.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { cache } from "../../src/layers/cache.ts";
import { meter } from "../../src/layers/meter.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { telemetry } from "../../src/layers/telemetry.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { callOf, read, targetOf, through } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

/** An observer that writes down every event but the batches, which depend on the dialect. */
function witness(): { observer: Observer; seen: string[] } {
  const seen: string[] = [];
  const observer: Observer = {
    begun: () => void seen.push("begun"),
    attemptStarted: ({ tryIndex }) => void seen.push(`attempt ${tryIndex}`),
    attemptEnded: (_, attempt) => void seen.push(`ended ${attempt?.outcome} ${attempt?.error?.code ?? ""}`.trim()),
    retrying: (_, failure, waitMs) => void seen.push(`retry ${failure.code} in ${waitMs}`),
    cacheLooked: (_, outcome) => void seen.push(`cache ${outcome}`),
    ended: (_, failure) => void seen.push(`over ${failure?.code ?? "ok"}`),
  };
  return { observer, seen };
}

describe("the observers of a call", () => {
  it("are told each attempt, each retry and the end, in this order", async () => {
    const { observer, seen } = witness();
    const clock = new FakeClock();
    const target = targetOf("main", {}, { numRetries: 1 });
    const script: ScriptedAttempt[] = [[{ error: { code: "overloaded", message: "busy" } }], "hi"];
    const run = through([telemetry([observer]), retry(new RetryBudgets()), meter], scripted(script));
    await clock.settle(read(run(callOf({ clock, target }))));
    expect(seen).toEqual([
      "begun",
      "attempt 0",
      "ended error overloaded",
      "retry overloaded in 1000",
      "attempt 1",
      "ended ok",
      "over ok",
    ]);
  });

  it("are told of an attempt without a row if nothing left", async () => {
    const { observer, seen } = witness();
    const run = through([telemetry([observer]), meter], scripted([[{ error: { code: "unsupported", message: "x" } }]]));
    await read(run(callOf()));
    expect(seen).toEqual(["begun", "attempt 0", "ended undefined", "over unsupported"]);
  });

  it("are told whether an answer comes from the cache, a request, or the request of an equal call", async () => {
    const { observer, seen } = witness();
    const clock = new FakeClock();
    const layer = cache(new MemoryStore(10, clock), { ttlMs: 1_000, namespace: "" });
    const run = through([telemetry([observer]), layer], scripted(["one"]));
    const ask = (streaming: boolean) => read(run(callOf({ clock, streaming })));
    await Promise.all([ask(false), ask(false)]);
    await ask(true);
    expect(seen.filter((line) => line.startsWith("cache"))).toEqual(["cache miss", "cache joined", "cache hit"]);
  });

  it("are one observer without the events that nobody listens to", () => {
    const order: string[] = [];
    const call = {} as Call;
    const all = allOf([
      { begun: () => void order.push("first") },
      { begun: () => void order.push("second"), ended: () => void order.push("end") },
    ]);
    all.begun?.(call);
    all.ended?.(call, undefined);
    expect(order).toEqual(["first", "second", "end"]);
    expect(Object.keys(all)).toEqual(["begun", "ended"]);
  });

  it("share the trace id of the call with its concurrent requests", () => {
    const { record } = callOf();
    record.traceId = "trace";
    expect([record.branch().traceId, callOf().record.traceId]).toEqual(["trace", "call-1"]);
  });
});
