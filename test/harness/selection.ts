import { globSync, readFileSync } from "node:fs";
import { dirname, join, matchesGlob, relative, resolve } from "node:path";
import { WITHOUT_FIXTURES } from "./fixtures.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Slow tests: `npm test` omits them. */
export const SLOW: readonly string[] = [
  "test/bench/**",
  "test/clean/{process-end,settled-calls,slow-reader}.test.ts",
  "test/cli/budgets.test.ts",
  "test/docs/harness.test.ts",
  "test/faults/{client,framing,gateway,scripts}.test.ts",
  "test/fuzz/**",
  "test/gateway/{library-clients,process,sdk-helpers,slow-clients}.test.ts",
  "test/layers/locked-database.test.ts",
  "test/ledger/sqlite-files.test.ts",
  "test/model/{reload,shared-cache}.test.ts",
  "test/money/budgets.test.ts",
  "test/mutants/**",
  "test/package/**",
  "test/properties/**",
  "test/security/{command-line,echoes,growth,regexes,tls}.test.ts",
  "test/simulation/**",
  "test/soak/**",
  "test/stores/{sqlite-counters,sqlite-faults,sqlite-values}.test.ts",
  "test/sweep/**",
  "test/typed-names/compiler.test.ts",
  "test/wire/{blocked-thread,clocks,poisoned-env,promptness}.test.ts",
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
const NEED_SERVICES: readonly string[] = [
  "test/catalog/pinned-table.test.ts",
  "test/editor/**",
  "test/stores/redis-*.test.ts",
  "test/ledger/postgres*.test.ts",
];

/**
 * Tests that send OpenAI requests. `npm run test:all` runs them again and checks every request against OpenAI's
 * description. `test/harness/simulated.ts` fails a test that is missing here.
 */
export const CHECKED_AGAIN: readonly string[] = [
  "test/dialects/openai/*-{contract,encode}.test.ts",
  "test/gateway/*.test.ts",
  "test/hooks/{audit,before-after,open-telemetry}.test.ts",
  "test/interop/embeddings.test.ts",
  "test/keys/*.test.ts",
  "test/model/{cache-control,cache-over-wires,embed-over-wires,fallbacks,history,hostile-options}.test.ts",
  "test/model/{objects-over-wires,samples-over-wires}.test.ts",
  "test/model/{retries,shared-cache,simulated-filter,stream,tokens,usage-and-cost}.test.ts",
  "test/run/histories.test.ts",
  "test/session/session.test.ts",
  "test/simulator/{schema-refused,schema-wires,script-names,tool-names}.test.ts",
  "test/transport/cassette/replay.test.ts",
  "test/wire/waits.test.ts",
];

const testsIn = (globs: readonly string[]): string[] => {
  const files = globs.flatMap((glob) => globSync(glob, { cwd: ROOT }));
  return files.map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".test.ts"));
};

const pathOf = (file: string) => relative(ROOT, resolve(ROOT, file)).replaceAll("\\", "/");

export const isCheckedAgain = (file: string): boolean => CHECKED_AGAIN.some((glob) => matchesGlob(pathOf(file), glob));

/** Whether `npm test` has already counted the passing tests of a file that `npm run test:all` runs. */
export function isRepeated(file: string): boolean {
  const own = [...SLOW, ...NEED_FIXTURES, ...NEED_SERVICES];
  return !own.some((glob) => matchesGlob(pathOf(file), glob));
}

/** The beginning of a test, one line for each. */
const TEST = /^\s*(?:it|test)[.(]/;
const DRAWS = /\bfc\.assert\(/;

/** Whether the test that begins at a line uses random values; any test may if a function around it does. */
export function drawsAt(file: string, line: number): boolean {
  const lines = readFileSync(resolve(ROOT, file), "utf8").split("\n");
  const blocks = lines.flatMap((text, at) => (TEST.test(text) ? [{ start: at, end: endOf(lines, at) }] : []));
  const drawing = lines.flatMap((text, at) => (DRAWS.test(text) ? [at] : []));
  const isIn = (at: number) => blocks.filter(({ start, end }) => start <= at && at <= end);
  const own = isIn(line - 1);
  if (drawing.length === 0 || own.length === 0 || drawing.some((at) => isIn(at).length === 0)) return true;
  return drawing.some((at) => own.some(({ start, end }) => start <= at && at <= end));
}

/** The last line of the block that begins at a line: the next one that is not indented deeper. */
function endOf(lines: readonly string[], start: number): number {
  const depth = (text: string) => text.search(/\S/);
  const from = depth(lines[start] ?? "");
  const ends = (text: string) => text !== "" && depth(text) <= from && !/^\s*[\])]+[({]/.test(text);
  const length = lines.slice(start + 1).findIndex((text) => ends(text));
  return length < 0 ? lines.length : start + 1 + length;
}

/** Whether a test file uses random values, directly or through a file next to it. Their seed is fixed in `npm test`. */
export function hasProperties(file: string): boolean {
  const draws = (path: string) => readFileSync(path, "utf8").includes('from "fast-check"');
  const path = resolve(ROOT, file);
  const near = [...readFileSync(path, "utf8").matchAll(/ from "(\.\.?\/[^"]+\.ts)"/g)];
  return draws(path) || near.some(([, specifier = ""]) => draws(join(dirname(path), specifier)));
}

/**
 * What `npm run test:all` runs: what `npm test` omits or skips, and again what depends on random values or contracts.
 */
export function filesOfTheRest(): string[] {
  const again = testsIn(["test/**/*.test.ts"]).filter(hasProperties);
  const withFixtures = testsIn([...NEED_FIXTURES, ...NEED_NOTHING_ELSE, ...CHECKED_AGAIN]);
  const files = new Set([...testsIn([...SLOW, ...NEED_SERVICES]), ...again]);
  for (const file of withFixtures) if (!WITHOUT_FIXTURES) files.add(file);
  if (WITHOUT_FIXTURES) for (const file of testsIn([...NEED_FIXTURES, ...NEED_NOTHING_ELSE])) files.delete(file);
  return [...files].sort();
}
