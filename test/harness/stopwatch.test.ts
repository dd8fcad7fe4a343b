import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { Stopwatch } from "./stopwatch.ts";

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("a stopwatch counts waits, and not the time in which its thread could not run", async () => {
  using watch = new Stopwatch();
  await pause(150);
  block(400);
  await pause(150);
  const elapsedMs = watch.elapsedMs;
  expect(elapsedMs).toBeGreaterThan(150);
  expect(elapsedMs).toBeLessThan(450);
  expect(watch.between(0, 700)).toBe(watch.between(0, 200) + watch.between(200, 700));
});
