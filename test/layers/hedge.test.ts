import { expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { ModelError } from "../../src/core/error.ts";
import type { Events } from "../../src/core/event.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { hedged, type Way } from "../../src/layers/hedge.ts";
import { callOf, read, textOf } from "../harness/call-of.ts";
import { CountedCancellation } from "../harness/counted-cancellation.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

const AFTER_MS = 200;
const slow = (delayMs: number, text: string): ScriptedAttempt => [{ delayMs }, { delta: text }, { finish: "stop" }];
const failing = (delayMs: number): ScriptedAttempt => [{ delayMs }, { error: { code: "server_error", message: "x" } }];

function setUp(first: ScriptedAttempt, second: ScriptedAttempt | undefined) {
  const clock = new FakeClock();
  const cancellation = new CountedCancellation();
  const call = callOf({ clock, cancellation });
  const told: string[] = [];
  const ways = { first: scripted([first]), second: scripted([second ?? "never"]) };
  const open =
    (name: "first" | "second"): Way =>
    (branch: Call): Events => {
      branch.record.requestId = name;
      return ways[name].open(branch);
    };
  const events = hedged(call, {
    afterMs: AFTER_MS,
    first: open("first"),
    second: () => (second === undefined ? undefined : open("second")),
    secondFailed: (error) => told.push(`lost ${(error as ModelError).code}`),
    calledOff: () => told.push("called off"),
  });
  const left = () => ({ listening: cancellation.listening.size, timers: clock.pending });
  const ends = () => [ways.first.calls[0]?.end, ways.second.calls[0]?.end];
  return { clock, call, told, events, left, ends };
}

const NOTHING = { listening: 0, timers: 0 };

it("the record of the call is that of the delivered request", async () => {
  const { clock, call, events, left, told } = setUp(slow(900, "first"), slow(100, "second"));
  expect(textOf(await clock.settle(read(events)))).toBe("second");
  await quiet();
  expect(call.record.requestId).toBe("second");
  expect([told, left()]).toEqual([["called off"], NOTHING]);
});

it("facts of the winner are recorded while it is read", async () => {
  const clock = new FakeClock();
  const call = callOf({ clock });
  const way: Way = async function* ({ record }) {
    record.requestId = "at first";
    yield [{ type: "text-delta", text: "a", sample: 0 }];
    record.requestId = "at last";
    yield [{ type: "finish", reason: "stop", sample: 0 }];
  };
  const none = () => undefined;
  const hedge = { afterMs: AFTER_MS, first: way, second: none, secondFailed: none, calledOff: none };
  const seen: unknown[] = [];
  for await (const _ of hedged(call, hedge)) seen.push(call.record.requestId);
  expect([seen[0], call.record.requestId]).toEqual(["at first", "at last"]);
});

it("a failure after the race is ignored", async () => {
  const { clock, events, told, ends, left } = setUp(slow(250, "first"), [{ delayMs: 100 }, { hang: true }]);
  expect(textOf(await clock.settle(read(events)))).toBe("first");
  await quiet();
  expect(told).toEqual(["called off"]);
  expect(ends()).toEqual(["complete", "failed"]);
  expect(left()).toEqual(NOTHING);
});

it("a failure before the race ends is reported once, and the other continues", async () => {
  const { clock, events, told, left } = setUp(slow(500, "first"), failing(100));
  expect(textOf(await clock.settle(read(events)))).toBe("first");
  expect([told, left()]).toEqual([["lost server_error", "called off"], NOTHING]);
});

it("no second request is sent when the first fails early", async () => {
  const { clock, events, told, ends, left } = setUp(failing(100), "second");
  expect((await clock.settle(read(events))).error?.code).toBe("server_error");
  await clock.advance(1_000);
  expect([told, ends(), left()]).toEqual([[], ["failed", undefined], NOTHING]);
});

it("the error is that of the first when both fail", async () => {
  const { clock, events, told, left } = setUp(
    [{ delayMs: 250 }, { error: { code: "overloaded", message: "" } }],
    failing(100),
  );
  expect((await clock.settle(read(events))).error?.code).toBe("overloaded");
  expect([told, left()]).toEqual([["lost server_error"], NOTHING]);
});

it("waits for the first when no second request is allowed", async () => {
  const { clock, events, left } = setUp(slow(900, "first"), undefined);
  expect(textOf(await clock.settle(read(events)))).toBe("first");
  expect(left()).toEqual(NOTHING);
});

it("abandoning the winner leaves nothing behind", async () => {
  const { clock, events, left, ends } = setUp(
    [{ delta: "a" }, { delayMs: 5 }, { delta: "b" }, { hang: true }],
    "second",
  );
  const iterator = events[Symbol.asyncIterator]();
  await clock.settle(iterator.next());
  await iterator.return?.();
  await quiet();
  expect([left(), ends()]).toEqual([NOTHING, ["left", undefined]]);
});

it("an abort of the call ends both", async () => {
  const { clock, call, events, ends, left } = setUp([{ hang: true }], [{ hang: true }]);
  const reading = read(events);
  await clock.advance(300);
  call.cancellation.cancel(new ModelError({ code: "aborted", message: "enough" }));
  expect((await reading).error?.code).toBe("aborted");
  await quiet();
  expect([ends(), left().timers]).toEqual([["failed", "failed"], 0]);
});
