import { defineConfig } from "vitest/config";

// Files that leave something behind on purpose: the check that runs around every test file has to fail each of them.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.leak.ts"],
    setupFiles: ["../../harness/nothing-left.ts"],
    env: { MODELWRIGHT_TEST_SETTLE_MS: "600" },
    pool: "threads",
    maxWorkers: 2,
  },
});
