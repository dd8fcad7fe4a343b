import { expect, test } from "vitest";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Reply } from "../../src/core/reply.ts";
import { Reading } from "../../src/model/reading.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { threadMs } from "../harness/thread-time.ts";

/** A reading of so many batches of two events, and what was noted of them. */
function reading(batches: number): { readonly reading: Reading; readonly noted: FlowEvent[] } {
  const noted: FlowEvent[] = [];
  async function* events() {
    for (let at = 0; at < batches; at++)
      yield [0, 1].map((half) => ({ type: "text-delta", text: `${2 * at + half}`, sample: 0 }) as const);
  }
  const opened = {
    events: events(),
    clock: new FakeClock(),
    note: (event: FlowEvent) => void noted.push(event),
    reply: () => ({}) as Reply,
    failure: (error: unknown) => error,
    complete: () => false,
    cancel: () => {},
    onCancel: () => {},
    pauseLimitMs: () => undefined,
    pausedTooLong: () => {
      throw new Error("nobody pauses");
    },
  };
  return { reading: new Reading(opened, Promise.withResolvers<Reply>()), noted };
}

const textOf = (event: FlowEvent | undefined) => (event?.type === "text-delta" ? event.text : undefined);

test("keeps the order of events that arrive while the reader takes some of them", async () => {
  const { reading: read, noted } = reading(200);
  const texts: (string | undefined)[] = [];
  for (let turn = 0; await read.more(); turn++)
    for (let some = turn % 4; some > 0; some--) texts.push(textOf(read.take()));
  for (let event = read.take(); event !== undefined; event = read.take()) texts.push(textOf(event));
  const all = Array.from({ length: 400 }, (_, index) => `${index}`);
  expect(texts.filter((text) => text !== undefined)).toEqual(all);
  expect(noted.map(textOf)).toEqual(all);
});

test("keeps 60,000 batches that nobody takes in linear time", async () => {
  const { reading: read, noted } = reading(60_000);
  await read.more();
  read.take();
  const before = threadMs();
  await read.readOn();
  expect(threadMs() - before).toBeLessThan(1_000);
  expect(noted).toHaveLength(120_000);
  expect(textOf(read.take())).toBe("1");
});
