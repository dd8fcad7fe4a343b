import { configDefaults, defineConfig } from "vitest/config";
import everything from "../vitest.config.ts";
import { SLOW } from "./harness/selection.ts";

/** `npm test`. */
export default defineConfig({
  ...everything,
  test: {
    ...everything.test,
    exclude: [...configDefaults.exclude, ...SLOW],
    env: { ...everything.test?.env, MODELWRIGHT_TESTS: "quick" },
  },
});
