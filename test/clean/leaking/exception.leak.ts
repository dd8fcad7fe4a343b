import { test } from "vitest";

test("throws where nobody can catch it", async () => {
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      setImmediate(resolve);
      throw new Error("nobody caught this exception");
    });
  });
});
