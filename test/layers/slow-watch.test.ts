import { expect, it } from "vitest";
import type { Observer } from "../../src/core/call.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import { type ScriptStep, scripted } from "../../src/dialects/scripted/dialect.ts";
import { telemetry } from "../../src/layers/telemetry.ts";
import { timeout } from "../../src/layers/timeout.ts";
import { callOf, read, targetOf, through } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function setUp(script: readonly ScriptStep[]) {
  const clock = new FakeClock();
  const seen: number[] = [];
  const observer: Observer = { slowed: (_, afterMs) => void seen.push(clock.monotonic() + afterMs / 1_000) };
  const run = through([telemetry([observer]), timeout], scripted([script]));
  const call = callOf({ clock, target: targetOf("main", {}, { slowAfterMs: 1_000 }) });
  return { clock, seen, events: run(call) };
}

it("reports once that content is missing, at the start or later", async () => {
  const late = setUp([{ delayMs: 3_000 }, { delta: "a" }, { delayMs: 3_000 }, { delta: "b" }, { finish: "stop" }]);
  await late.clock.settle(read(late.events));
  expect(late.seen).toEqual([1_001]);
  const pause = setUp([{ delta: "a" }, { delayMs: 900 }, { delta: "b" }, { delayMs: 2_000 }, { finish: "stop" }]);
  await pause.clock.settle(read(pause.events));
  expect(pause.seen).toEqual([1_901]);
});

it("reports nothing while content keeps arriving, and leaves no timer", async () => {
  const steps = Array.from({ length: 5 }, (): ScriptStep[] => [{ delayMs: 900 }, { delta: "x" }]).flat();
  const { clock, seen, events } = setUp([...steps, { finish: "stop" }]);
  await clock.settle(read(events));
  expect([seen, clock.pending]).toEqual([[], 0]);
});

it("does not count the time in which the reader asks for nothing", async () => {
  const { clock, seen, events } = setUp([{ delta: "a" }, { delayMs: 500 }, { delta: "b" }, { finish: "stop" }]);
  const iterator = events[Symbol.asyncIterator]();
  const batches: FlowEvent[] = [...(await clock.settle(iterator.next())).value];
  await clock.advance(10_000);
  const rest = (async () => {
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) batches.push(...step.value);
  })();
  await clock.settle(rest);
  expect(seen).toEqual([]);
  expect(batches.at(-1)?.type).toBe("finish");
});
