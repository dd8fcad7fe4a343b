import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/core/config-error.ts";
import { ModelError } from "../../src/core/error.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import { hold } from "../../src/layers/hold.ts";
import type { CallOptions } from "../../src/model/options.ts";
import { abort, callOf, read, type Seen, targetOf, textOf } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { testLayer } from "../harness/layer-contract.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { callTest, keyTest } from "./key-test.ts";
import { entry, factoryOf, PROMPT, simulate } from "./world.ts";

const TEXT = Array.from({ length: 60 }, (_, index) => `word-${index}`).join(" ");
const RESTART = 'num_retries = 1\nretry_min_wait = 0\non_break = "restart"\n';

/** A stream whose first answer breaks off after its first words. */
async function streamed(lines: string, options?: CallOptions, wire: Wire = "openai") {
  const simulator = await simulate({
    script: [{ answer: { text: TEXT }, cut: { afterEvents: 7 } }, { answer: { text: TEXT } }],
  });
  const stream = factoryOf(entry(wire, simulator, lines))
    .create()
    .stream(PROMPT, options);
  const types: string[] = [];
  try {
    for await (const event of stream) types.push(event.type);
  } catch (error) {
    types.push((error as { readonly code: string }).code);
  }
  const { text, attempts } = await stream.reply.catch(() => ({ text: undefined, attempts: [] }));
  return { resets: types.filter((type) => type === "reset").length, end: types.at(-1), text, tries: attempts.length };
}

const RESET = { resets: 1, end: "finish", text: TEXT, tries: 2 };
const UNSEEN = { ...RESET, resets: 0 };

keyTest("models.*.hold", async () => {
  expect(await streamed(`${RESTART}hold = 0`)).toEqual(RESET);
  expect(await streamed(`${RESTART}hold = "10s"`)).toEqual(UNSEEN);
  for (const wire of WIRES) {
    expect(await streamed(RESTART, undefined, wire), wire).toEqual(RESET);
    expect(await streamed(`${RESTART}hold = "all"`, undefined, wire), wire).toEqual(UNSEEN);
  }
});

keyTest("models.*.hold", "needs on_break = restart", async () => {
  const simulator = await simulate();
  for (const lines of ['hold = "all"', 'hold = "2s"\non_break = "continue"'])
    expect(() => factoryOf(entry("openai", simulator, lines))).toThrow(ConfigError);
  expect(() => factoryOf(entry("openai", simulator, "hold = 2"))).toThrow('"hold" needs on_break = "restart"');
  expect(() => factoryOf(entry("openai", simulator, 'hold = "0s"'))).not.toThrow();
});

keyTest("models.*.hold_bytes", async () => {
  expect(await streamed(`${RESTART}hold = "all"\nhold_bytes = 2`)).toEqual(RESET);
  expect(await streamed(`${RESTART}hold = "all"\nhold_bytes = "1KiB"`)).toEqual(UNSEEN);
});

callTest("hold", async () => {
  expect(await streamed(`${RESTART}hold = "all"`, { hold: 0 })).toEqual(RESET);
  expect(await streamed(RESTART, { hold: "all" })).toEqual(UNSEEN);
  const refused = await streamed('on_break = "continue"', { hold: "5s" });
  expect(refused).toEqual({ resets: 0, end: "invalid_request", text: undefined, tries: 0 });
});

callTest("holdBytes", async () => {
  expect(await streamed(`${RESTART}hold = "all"`, { holdBytes: 2 })).toEqual(RESET);
  expect(await streamed(`${RESTART}hold = "all"\nhold_bytes = 2`, { holdBytes: "1KiB" })).toEqual(UNSEEN);
});

const START: FlowEvent = { type: "start", model: "main", provider: "scripted" };
const HEIR: FlowEvent = { type: "start", model: "heir", provider: "scripted" };
const RESTARTED: FlowEvent = { type: "reset", reason: "main broke off; it starts again" };
const FINISH: FlowEvent = { type: "finish", reason: "stop", sample: 0 };
const says = (text: string): FlowEvent => ({ type: "text-delta", text, sample: 0 });
const adjusted = (setting: string): FlowEvent => ({
  type: "adjustment",
  adjustment: { setting, from: 1, to: undefined, reason: "the model has none" },
});

type Step = readonly [atMs: number, ...events: FlowEvent[]];

const limits = (limit: number | "all", holdBytes = 1_000) => ({
  target: targetOf("main", {}, { onBreak: "restart", hold: limit, holdBytes }),
  onBreak: "restart" as const,
});

/** What comes below at these times, and what has come out above so far. */
function holding(limits: object, steps: readonly Step[], failure?: ModelError) {
  const clock = new FakeClock();
  const call = callOf({ clock, ...limits });
  const below = async function* (): Events {
    for (const [atMs, ...events] of steps) {
      await new Promise<void>((resolve) => clock.schedule(resolve, atMs - clock.monotonic()));
      yield events;
    }
    if (failure !== undefined) throw failure;
  };
  const out: FlowEvent[] = [];
  const spied = async function* (): Events {
    for await (const batch of hold(call, below)) {
      out.push(...batch);
      yield batch;
    }
  };
  return { clock, out, all: (): Promise<Seen> => read(spied()) };
}

describe("hold", () => {
  it("buffers events for its time after the first content, then yields each event as it arrives", async () => {
    const { clock, out, all } = holding(limits(1_000), [
      [2_000, START],
      [5_000, says("one")],
      [5_900, says(" two")],
      [7_000, says(" three")],
      [9_000, FINISH],
    ]);
    const reading = all();
    await clock.advance(5_999);
    expect(out).toEqual([]);
    await clock.advance(1);
    expect(out).toEqual([START, says("one"), says(" two")]);
    await clock.advance(1_000);
    expect(out.at(-1)).toEqual(says(" three"));
    await clock.settle(reading);
    expect(out.at(-1)).toEqual(FINISH);
    expect(clock.pending).toBe(0);
  });

  it("delivers a complete answer at once", async () => {
    const { clock, all } = holding(limits(60_000), [[1, START, says("one"), FINISH]]);
    const { events } = await clock.settle(all());
    expect([events, clock.monotonic(), clock.pending]).toEqual([[START, says("one"), FINISH], 1, 0]);
  });

  it('buffers until the end with "all"', async () => {
    const { clock, out, all } = holding(limits("all"), [
      [1, START, says("one")],
      [3_600_000, FINISH],
    ]);
    const reading = all();
    await clock.advance(3_599_999);
    expect(out).toEqual([]);
    expect((await clock.settle(reading)).events).toEqual([START, says("one"), FINISH]);
  });

  it("drops an answer that breaks off in its time, and emits reset after it", async () => {
    const { clock, all } = holding(limits(1_000), [
      [0, START, adjusted("seed"), says("one")],
      [500, RESTARTED, says("two")],
      [1_500, RESTARTED],
      [2_000, says("three"), FINISH],
    ]);
    const { events } = await clock.settle(all());
    expect(events).toEqual([START, adjusted("seed"), says("two"), RESTARTED, says("three"), FINISH]);
  });

  it("emits nothing of a target that is replaced by another", async () => {
    const { clock, all } = holding(limits("all"), [
      [0, START, adjusted("seed"), says("one")],
      [1, RESTARTED],
      [2, HEIR, adjusted("stop"), says("two"), FINISH],
    ]);
    const { events } = await clock.settle(all());
    expect(events).toEqual([HEIR, adjusted("stop"), says("two"), FINISH]);
  });

  it("ends at hold_bytes, counted again after a restart", async () => {
    const { clock, out, all } = holding(limits("all", 6), [
      [1, says("four")],
      [2, RESTARTED, says("äää")],
      [3, says("x")],
      [9, FINISH],
    ]);
    const reading = all();
    await clock.advance(2);
    expect(out).toEqual([]);
    await clock.advance(1);
    expect(out).toEqual([says("äää"), says("x")]);
    expect((await clock.settle(reading)).events).toHaveLength(3);
  });

  it("emits nothing of an answer that fails in its time; the error has the partial", async () => {
    const failure = new ModelError({ code: "stream_truncated", message: "cut" });
    const { clock, all } = holding(limits(1_000), [[0, START, says("one")]], failure);
    const seen = await clock.settle(all());
    expect(seen.events).toEqual([]);
    expect(seen.error).toBe(failure);
    expect(failure.partial).toMatchObject({ text: "one" });
    expect(clock.pending).toBe(0);
  });

  it("does not change a failure after its time", async () => {
    const failure = new ModelError({ code: "stream_truncated", message: "cut" });
    const steps: Step[] = [
      [0, START, says("one")],
      [2_000, says(" two")],
    ];
    const { clock, all } = holding(limits(1_000), steps, failure);
    const seen = await clock.settle(all());
    expect([textOf(seen), seen.error, failure.partial]).toEqual(["one two", failure, undefined]);
  });

  it("releases a call that is closed while it awaits an event", async () => {
    const clock = new FakeClock();
    const call = callOf({ clock, ...limits(1_000) });
    let closed = false;
    const below = async function* (): Events {
      try {
        yield [START, says("one")];
        await new Promise((_, reject) => call.cancellation.onCancel(reject));
      } finally {
        closed = true;
      }
    };
    const iterator = hold(call, below)[Symbol.asyncIterator]();
    expect(await clock.settle(iterator.next())).toMatchObject({ done: false });
    await iterator.return?.();
    call.cancellation.cancel(abort());
    await quiet();
    expect([closed, clock.pending]).toEqual([true, 0]);
  });

  it("does not affect calls without streaming", () => {
    const events = (async function* (): Events {})();
    expect(hold(callOf({ ...limits("all"), streaming: false }), () => events)).toBe(events);
  });
});

testLayer("hold", () => hold, limits(1_000));
testLayer("hold of everything", () => hold, limits("all"));
