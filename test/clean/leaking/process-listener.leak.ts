import { test } from "vitest";

test("leaves a listener on the process", () => {
  process.on("SIGUSR2", () => {});
});
