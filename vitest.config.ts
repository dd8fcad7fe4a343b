import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: { alias: [{ find: /^modelwright\/testing$/, replacement: source("testing/index.ts") }, { find: /^modelwright\/inject$/, replacement: source("inject/index.ts") }, { find: /^modelwright\/ai-sdk$/, replacement: source("interop/ai-sdk.ts") }, { find: /^modelwright\/gateway$/, replacement: source("gateway/index.ts") }, { find: /^modelwright\/langchain$/, replacement: source("interop/langchain.ts") }, { find: /^modelwright$/, replacement: source("index.ts") }] },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "./tsconfig.types.json" },
    reporters: ["default", "./test/harness/closing-line.ts"],
    // No test may see what the developer's own `modelwright catalog update` fetched.
    // Nor may the command leave its compiled code there.
    env: { XDG_CACHE_HOME: "/nowhere/cache", LOCALAPPDATA: "/nowhere/cache", NODE_DISABLE_COMPILE_CACHE: "1" },
    setupFiles: ["./test/harness/nothing-left.ts"],
    // Limits against hanging, not against slowness: the machine may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "threads",
    // The default leaves one core idle: on two cores that is half of them.
    maxWorkers: "100%",
    coverage: { include: ["src/**"] },
  },
});
