import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { drawsAt, filesOfTheRest, isRepeated } from "../harness/selection.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const linesOf = (file: string) => readFileSync(resolve(ROOT, file), "utf8").split("\n");

const PROPERTIES = globSync("test/**/*.test.ts", { cwd: ROOT }).filter((file) => linesOf(file).some(asserts));
function asserts(line: string): boolean {
  return /\bfc\.assert\(/.test(line);
}

const REST = filesOfTheRest();

it.each(PROPERTIES)("the property tests of %s run in npm run test:all", (file) => {
  expect(REST).toContain(file.replaceAll("\\", "/"));
  const found = linesOf(file).flatMap((line, at) => (asserts(line) ? [at + 1] : []));
  expect(found.filter((line) => !drawsAt(file, line))).toEqual([]);
});

it("does not repeat tests that use no random values", () => {
  const at = (title: string) => linesOf("test/core/reply.test.ts").findIndex((line) => line.includes(title)) + 1;
  const drawn = linesOf("test/core/reply.test.ts").findIndex(asserts) + 1;
  expect(drawsAt("test/core/reply.test.ts", drawn)).toBe(true);
  expect(drawsAt("test/core/reply.test.ts", at("  it("))).toBe(false);
});

it.each([
  ["test/core/reply.test.ts", true],
  ["test/keys/parameters.test.ts", true],
  ["test/soak/soak.test.ts", false],
  ["test/contracts/openai-schema.test.ts", false],
  ["test/wire/recordings.test.ts", false],
])("whether %s is counted by npm test: %s", (file, counted) => expect(isRepeated(file)).toBe(counted));
