// Runs around every test file, in its own thread: whatever a file leaves behind fails it.
import { afterAll, expect } from "vitest";
import { LeftOver } from "./clean/left-over.ts";
import { RUN } from "./fixtures.ts";
import { hasProperties } from "./selection.ts";

// Thrown where nobody can catch it, a warning (MaxListenersExceededWarning, TimeoutOverflowWarning …) fails the run.
process.on("warning", (warning) => {
  throw warning;
});

// Properties draw the same values in every `npm test`. Elsewhere they are random; a failure prints its seed, and
// MODELWRIGHT_SEED draws its values again.
const seed = process.env["MODELWRIGHT_SEED"] ?? (RUN === "quick" ? "1" : undefined);
if (seed !== undefined && hasProperties(expect.getState().testPath as string))
  (await import("fast-check")).configureGlobal({ seed: Number(seed) });

const leftOver = new LeftOver();
const unwatch = leftOver.watchSignals();

afterAll(async () => {
  const found = await leftOver.since();
  unwatch();
  expect(found, "left behind by the tests of this file").toEqual([]);
});
