import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "../../src");
const COMMENT = /^\s*(?:\*|\/\*|\/\/)/;
const BARE =
  /(?<!npx )modelwright (?:run|chat|check|models(?!\.toml)|catalog|explain|init|schema|types|simulate|--help)\b/;

// An installed dependency is not on the PATH.
it("names commands with npx in every message", () => {
  const lines = globSync("**/*.ts", { cwd: SOURCES }).flatMap((file) =>
    readFileSync(join(SOURCES, file), "utf8")
      .split("\n")
      .filter((line) => BARE.test(line) && !COMMENT.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(lines).toEqual([]);
});
