import { expect, test } from "vitest";
import { SilenceClock } from "../../src/transport/silence-clock.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const fired: number[] = [];
  const silence = new SilenceClock(clock, 100, () => fired.push(clock.monotonic()));
  return { clock, silence, fired };
}

test("starts with the first byte", async () => {
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

test("measures from the last byte, with one timer", async () => {
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

test("sets no timer for bytes that arrive with the end", async () => {
  const { clock, silence } = setUp();
  silence.watch();
  silence.touch();
  silence.stop();
  await Promise.resolve();
  expect(clock.pending).toBe(0);
});

test("reschedules the timer to the last byte when it fires early", async () => {
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

test("allows silence while stopped, and measures from the last byte when started", async () => {
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

test("pauses while nothing is read, and restarts with reading", async () => {
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

test("does not start when reading resumes before the first byte", async () => {
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
