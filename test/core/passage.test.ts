import { describe, expect, it } from "vitest";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import { type Passing, passage } from "../../src/core/passage.ts";

const BATCH: readonly FlowEvent[] = [{ type: "text-delta", text: "a", sample: 0 }];

async function* one(): Events {
  yield BATCH;
}

/** A passage, and what was called in which order. */
function traced(passing: Partial<Passing> = {}) {
  const trace: string[] = [];
  const events = passage({
    enter: () => {
      trace.push("enter");
      return passing.enter?.();
    },
    events: () => {
      trace.push("events");
      return (passing.events ?? one)();
    },
    note: () => trace.push("note"),
    leave: (failure) => {
      trace.push(failure === undefined ? "leave" : `leave: ${String(failure)}`);
      return passing.leave?.(failure);
    },
  });
  return { trace, iterator: events[Symbol.asyncIterator]() };
}

const DONE = { done: true, value: undefined };

describe("a passage", () => {
  it("passes events on and is left once", async () => {
    const { trace, iterator } = traced();
    expect([await iterator.next(), await iterator.next()]).toEqual([{ done: false, value: BATCH }, DONE]);
    expect([await iterator.next(), await iterator.return?.()]).toEqual([DONE, DONE]);
    expect(trace).toEqual(["enter", "events", "note", "leave"]);
  });

  it.each([
    ["enter", ["enter"]],
    ["events", ["enter", "events", "leave: no"]],
  ] as const)("is left only if it was entered: %s throws", async (place, expected) => {
    const fail = () => {
      throw "no";
    };
    const { trace, iterator } = traced({ [place]: fail });
    await expect(iterator.next()).rejects.toBe("no");
    expect(await iterator.next()).toEqual(DONE);
    expect(trace).toEqual(expected);
  });

  it("is not entered after its reader has left", async () => {
    const { trace, iterator } = traced();
    expect(await Promise.all([iterator.return?.(), iterator.next()])).toEqual([DONE, DONE]);
    expect(trace).toEqual([]);
  });

  it("is left if its reader leaves while it is entered", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { trace, iterator } = traced({ enter: () => promise });
    const first = iterator.next();
    const left = iterator.return?.();
    resolve();
    await Promise.all([first, left]);
    expect(trace.filter((word) => word.startsWith("leave"))).toEqual(["leave"]);
  });

  it("delivers the failure of its events after it is left", async () => {
    const { trace, iterator } = traced({
      async *events() {
        yield BATCH;
        throw "cut";
      },
    });
    await iterator.next();
    await expect(iterator.next()).rejects.toBe("cut");
    expect(trace.at(-1)).toBe("leave: cut");
  });
});
