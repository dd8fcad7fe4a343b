import { expect, test } from "vitest";
import { SilenceClock } from "../../src/transport/silence-clock.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const fired: number[] = [];
  const silence = new SilenceClock(clock, 100, () => fired.push(clock.monotonic()));
  return { clock, silence, fired };
}

test("silence is counted from the first byte on, however long that takes", async () => {
  const { clock, silence, fired } = setUp();
  silence.watch();
  expect(clock.pending).toBe(0);
  await clock.advance(1_000);
  silence.touch();
  await clock.advance(99);
  expect(fired).toEqual([]);
  await clock.advance(1);
  expect(fired).toEqual([1_100]);
});

test("silence is counted from the last byte, by one timer", async () => {
  const { clock, silence, fired } = setUp();
  silence.watch();
  for (let byte = 0; byte < 5; byte++) {
    silence.touch();
    await Promise.resolve();
    expect(clock.pending).toBe(1);
    await clock.advance(60);
  }
  expect(fired).toEqual([]);
  await clock.advance(40);
  expect(fired).toEqual([340]);
  expect(clock.pending).toBe(0);
});

test("needs no timer for bytes that come with their end", async () => {
  const { clock, silence } = setUp();
  silence.watch();
  silence.touch();
  silence.stop();
  await Promise.resolve();
  expect(clock.pending).toBe(0);
});

test("the timer moves on to the last byte when it fires before its time", async () => {
  const { clock, silence, fired } = setUp();
  silence.watch();
  silence.touch();
  await clock.advance(50);
  silence.touch();
  await clock.advance(99);
  expect([fired, clock.pending]).toEqual([[], 1]);
  await clock.advance(1);
  expect(fired).toEqual([150]);
});

test("a body that nobody watches may be silent, and is watched from its last byte once somebody waits", async () => {
  const { clock, silence, fired } = setUp();
  silence.touch();
  expect(clock.pending).toBe(0);
  await clock.advance(30);
  silence.watch();
  await clock.advance(99);
  expect(fired).toEqual([]);
  await clock.advance(1);
  expect(fired).toEqual([130]);
});

test("while nobody reads, silence is ours; it is counted anew from where reading goes on", async () => {
  const { clock, silence, fired } = setUp();
  silence.watch();
  silence.touch();
  await clock.advance(90);
  silence.suspend();
  await clock.advance(500);
  expect(fired).toEqual([]);
  silence.resume();
  await clock.advance(99);
  expect(fired).toEqual([]);
  await clock.advance(1);
  expect(fired).toEqual([690]);
});

test("reading that goes on before the first byte starts no clock", async () => {
  const { clock, silence, fired } = setUp();
  silence.watch();
  silence.suspend();
  silence.resume();
  expect(clock.pending).toBe(0);
  await clock.advance(1_000);
  expect(fired).toEqual([]);
});

test("a stopped clock leaves no timer and never fires", async () => {
  const { clock, silence, fired } = setUp();
  silence.watch();
  silence.touch();
  silence.stop();
  expect(clock.pending).toBe(0);
  silence.touch();
  await clock.advance(1_000);
  expect(fired).toEqual([]);
  expect(clock.pending).toBe(0);
});
