import { describe, expect, it } from "vitest";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { admissionLayer } from "../harness/admission-layer.ts";
import { abort, callOf, read, targetOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

function setUp(
  maxParallel: number,
  queue: number,
  script: readonly ScriptedAttempt[] = [[{ delta: "a" }, { delayMs: 1_000 }, { finish: "stop" }]],
) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const run = through([admissionLayer({ clock })], dialect);
  const target = targetOf("main", {}, { maxParallel, queue });
  const start = (fields = {}) => {
    const call = callOf({ clock, target, ...fields });
    return { call, reading: read(run(call)) };
  };
  return { clock, dialect, run, target, start };
}

describe("max_parallel", () => {
  it("limits the attempts in flight", async () => {
    const { clock, dialect, start } = setUp(3, 100);
    const seen = await clock.settle(Promise.all(Array.from({ length: 20 }, () => start().reading)));
    expect(seen.every(({ error }) => error === undefined)).toBe(true);
    expect(dialect.peak).toBe(3);
    expect(dialect.calls).toHaveLength(20);
  });

  it("rejects at once when the queue is full", async () => {
    const { clock, dialect, start } = setUp(1, 1);
    const first = start().reading;
    const second = start().reading;
    await quiet();
    const third = await start().reading;
    expect(third.error).toMatchObject({ code: "bulkhead_full", model: "main" });
    expect(clock.monotonic()).toBe(0);
    await clock.settle(Promise.all([first, second]));
    expect(dialect.calls).toHaveLength(2);
    expect((await clock.settle(start().reading)).error).toBeUndefined();
  });

  it("rejects calls without a free slot when there is no queue", async () => {
    const { clock, start } = setUp(1, 0);
    const first = start().reading;
    await quiet();
    expect((await start().reading).error?.code).toBe("bulkhead_full");
    expect((await clock.settle(first)).error).toBeUndefined();
  });

  it("serves queued calls in order", async () => {
    const { clock, dialect, start } = setUp(1, 10);
    const ids = ["a", "b", "c", "d"];
    await clock.settle(
      Promise.all(
        ids.map(
          (entry) => start({ target: targetOf("main", { modelId: entry }, { maxParallel: 1, queue: 10 }) }).reading,
        ),
      ),
    );
    expect(dialect.calls.map(({ call }) => call.target.modelId)).toEqual(ids);
  });

  it("frees the place of an aborted queued call at once", async () => {
    const { clock, dialect, start } = setUp(1, 1);
    const first = start().reading;
    const second = start();
    await quiet();
    second.call.cancellation.cancel(abort());
    expect((await second.reading).error?.code).toBe("aborted");
    expect(clock.monotonic()).toBe(0);
    const third = start().reading;
    await quiet();
    await clock.settle(first);
    expect((await clock.settle(third)).error).toBeUndefined();
    expect(dialect.calls).toHaveLength(2);
  });

  it.each([
    ["fails", [{ delta: "a" }, { error: { code: "server_error", message: "x" } }]],
    ["ends", "fine"],
  ] as const)("releases the slot when a stream %s", async (_, attempt) => {
    const { clock, start } = setUp(1, 0, [attempt, "fine"]);
    await clock.settle(start().reading);
    expect((await clock.settle(start().reading)).error).toBeUndefined();
  });

  it("releases the slot when a reader stops or aborts", async () => {
    const { run, target, start, clock } = setUp(1, 0, [
      [{ delta: "a" }, { hang: true }],
      [{ delta: "a" }, { hang: true }],
      "fine",
    ]);
    const iterator = run(callOf({ clock, target }))[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    await quiet();
    const stuck = start();
    await quiet();
    stuck.call.cancellation.cancel(abort());
    expect((await stuck.reading).error?.code).toBe("aborted");
    await quiet();
    expect((await start().reading).error).toBeUndefined();
  });

  it("is separate for each entry", async () => {
    const { clock, start } = setUp(1, 0);
    const first = start().reading;
    const other = start({ target: targetOf("other", {}, { maxParallel: 1, queue: 0 }) }).reading;
    const seen = await clock.settle(Promise.all([first, other]));
    expect(seen.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  it("releases a slot that is acquired at the moment of an abort", async () => {
    for (let turns = 0; turns < 40; turns++) {
      const { clock, start } = setUp(1, 1, [[{ delta: "a" }, { hang: true }], "fine"]);
      const first = start();
      const second = start();
      await quiet();
      first.call.cancellation.cancel(abort());
      for (let turn = 0; turn < turns; turn++) await null;
      second.call.cancellation.cancel(abort());
      await Promise.all([first.reading, second.reading]);
      expect((await clock.settle(start().reading)).error).toBeUndefined();
    }
  });
});
