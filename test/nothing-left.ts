// Runs around every test file, in its own thread: whatever a file leaves behind fails it.
import { afterAll, expect } from "vitest";
import { LeftOver } from "./clean/left-over.ts";

// Thrown where nobody can catch it, a warning (MaxListenersExceededWarning, TimeoutOverflowWarning …) fails the run.
process.on("warning", (warning) => {
  throw warning;
});

const leftOver = new LeftOver();
const unwatch = leftOver.watchSignals();

afterAll(async () => {
  const found = await leftOver.since();
  unwatch();
  expect(found, "left behind by the tests of this file").toEqual([]);
});
