import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const sources = globSync(["*.test.ts", "../gateway/*.test.ts"], { cwd: import.meta.dirname }).map((file) => [
  file,
  readFileSync(join(import.meta.dirname, file), "utf8"),
]);
/** The file that has a test of its own for a row. */
export const WRITTEN_TESTS = new Map(
  sources.flatMap(([file = "", text = ""]) =>
    [...text.matchAll(/faultTest\(\s*"([^"]+)"|\bit\(\s*["`](G\d\d): /g)].map(
      ([, id = "", gatewayId = id]) => [gatewayId, file] as const,
    ),
  ),
);
