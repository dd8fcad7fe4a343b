import { test } from "vitest";

const shared = new AbortController();

test("leaves a listener on a signal that others use too", () => {
  shared.signal.addEventListener("abort", () => {});
});
