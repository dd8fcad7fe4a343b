// Runs around every test file, in its own thread: a file that leaves anything behind fails.
import { afterAll, beforeEach, expect } from "vitest";
import { RUN } from "./fixtures.ts";
import { LeftOver } from "./left-over.ts";
import { drawsAt, hasProperties, isCheckedAgain, isRepeated } from "./selection.ts";

// A warning (MaxListenersExceededWarning, TimeoutOverflowWarning …), thrown where nothing can catch it, fails the run.
process.on("warning", (warning) => {
  throw warning;
});

// Property tests use the same values in every `npm test`. Elsewhere they are random; a failure prints its seed, and
// MODELWRIGHT_SEED reproduces its values.
const testPath = expect.getState().testPath as string;
const seed = process.env["MODELWRIGHT_SEED"] ?? (RUN === "quick" ? "1" : undefined);
if (seed !== undefined && hasProperties(testPath)) (await import("fast-check")).configureGlobal({ seed: Number(seed) });

// `npm test` has run these files already; only other random values would be new.
if (RUN === "rest" && isRepeated(testPath) && !isCheckedAgain(testPath))
  beforeEach(({ task, skip }) => {
    if (task.location !== undefined && drawsAt(testPath, task.location.line)) return;
    Object.assign(task.meta, { ranBefore: true });
    skip();
  });

const leftOver = new LeftOver();
const unwatch = leftOver.watchSignals();

afterAll(async () => {
  const found = await leftOver.since();
  unwatch();
  expect(found, "left behind by the tests of this file").toEqual([]);
});
