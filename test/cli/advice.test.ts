import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { adviceFor } from "../../src/cli/advice.ts";
import { ModelError } from "../../src/core/error.ts";

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

it.each([
  ["a: [ledger]: /x/ledger.db cannot be used", /\[ledger\].*durability = "batch"/],
  ['a: budget "each" has 2 counters (max_counters), and this request needs another one', /^Raise max_counters\.$/],
  ["a: [state]: Redis cannot be reached", /\[state\]; on_unavailable = "allow"/],
])("advises only keys that help against %j", (message, advice) => {
  expect(adviceFor(new ModelError({ code: "state_unavailable", message }))).toMatch(advice);
  expect(adviceFor(new ModelError({ code: "state_unavailable", message }))).not.toMatch(/ledger.*on_unavailable/);
});
