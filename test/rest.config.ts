import { defineConfig } from "vitest/config";
import everything from "../vitest.config.ts";
import ClosingLine from "./harness/closing-line.ts";
import { filesOfTheRest, isRepeated } from "./harness/selection.ts";

/** `npm run test:all`. */
export default defineConfig({
  ...everything,
  test: {
    ...everything.test,
    include: filesOfTheRest(),
    reporters: ["default", new ClosingLine({ skipFails: true, isRepeated })],
    includeTaskLocation: true,
    typecheck: { enabled: false },
    env: { ...everything.test?.env, MODELWRIGHT_TESTS: "rest" },
  },
});
