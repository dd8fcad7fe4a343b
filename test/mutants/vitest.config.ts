import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** For Stryker: tests that are fast and need no clock of the machine, without what looks at whole files. */
export default defineConfig({
  root: at("."),
  resolve: {
    alias: [
      { find: /^modelwright\/testing$/, replacement: at("src/testing/index.ts") },
      { find: /^modelwright$/, replacement: at("src/index.ts") },
    ],
  },
  test: {
    include: ["test/layers/*.test.ts", "test/transport/*.test.ts", "test/model/recovery.test.ts"],
    testTimeout: 10_000,
    isolate: false,
  },
});
