import { test } from "vitest";

test("sets a timer that fires at once because it is too long", async () => {
  await new Promise<void>((resolve) => setTimeout(resolve, 2 ** 31));
});
