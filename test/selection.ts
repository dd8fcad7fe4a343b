import { globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { WITHOUT_FIXTURES } from "./fixtures.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** Slow tests: `npm test` leaves them out. */
export const SLOW: readonly string[] = [
  "test/clean/process-end.test.ts",
  "test/clean/settled-calls.test.ts",
  "test/faults/framing.test.ts",
  "test/faults/scripts.test.ts",
  "test/fuzz/**",
  "test/mutants/**",
  "test/package/**",
  "test/security/growth.test.ts",
  "test/security/regexes.test.ts",
  "test/simulation/**",
  "test/soak/**",
  "test/sweep/**",
  "test/wire/clocks.test.ts",
  "test/wire/promptness.test.ts",
];

/** Tests that need ../shared; `npm test` skips and counts them. */
const NEED_FIXTURES: readonly string[] = [
  "test/contracts/*.test.ts",
  "test/dialects/*/recordings.test.ts",
  "test/faults/catalogue.test.ts",
  "test/faults/corpus.test.ts",
  "test/simulator/openapi-contract.test.ts",
  "test/wire/fallback.test.ts",
  "test/wire/hand-off.test.ts",
  "test/wire/recordings.test.ts",
];
const NEED_NOTHING_ELSE = ["test/sweep/{anthropic-messages,google,openai-chat,openai-responses}.test.ts"];

/** Tests that need a program or a service; `npm test` skips and counts them. */
const NEED_SERVICES: readonly string[] = ["test/catalog/pinned-table.test.ts", "test/editor/**"];

/** Where the contracts are there, every OpenAI request of these tests is also checked against OpenAI's description. */
export const CHECKED_AGAIN: readonly string[] = [
  "test/dialects/openai/*-{contract,encode}.test.ts",
  "test/keys/**",
  "test/model/**",
];

const testsIn = (globs: readonly string[]): string[] => {
  const files = globs.flatMap((glob) => globSync(glob, { cwd: ROOT }));
  return files.map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".test.ts"));
};

/** Whether a test file draws random values, by itself or through a file next to it. Their seed is fixed in `npm test`. */
export function hasProperties(file: string): boolean {
  const draws = (path: string) => readFileSync(path, "utf8").includes('from "fast-check"');
  const path = resolve(ROOT, file);
  const near = [...readFileSync(path, "utf8").matchAll(/ from "(\.\.?\/[^"]+\.ts)"/g)];
  return draws(path) || near.some(([, specifier = ""]) => draws(join(dirname(path), specifier)));
}

/** What `npm run test:all` runs: what `npm test` leaves out or skips, and again what depends on random values or contracts. */
export function filesOfTheRest(): string[] {
  const again = testsIn(["test/**/*.test.ts"]).filter(hasProperties);
  const withFixtures = testsIn([...NEED_FIXTURES, ...NEED_NOTHING_ELSE, ...CHECKED_AGAIN]);
  const files = new Set([...testsIn([...SLOW, ...NEED_SERVICES]), ...again]);
  for (const file of withFixtures) if (!WITHOUT_FIXTURES) files.add(file);
  if (WITHOUT_FIXTURES) for (const file of testsIn([...NEED_FIXTURES, ...NEED_NOTHING_ELSE])) files.delete(file);
  return [...files].sort();
}
