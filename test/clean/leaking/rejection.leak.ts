import { test } from "vitest";

test("drops a promise that rejects", () => {
  void Promise.reject(new Error("nobody heard this rejection"));
});
