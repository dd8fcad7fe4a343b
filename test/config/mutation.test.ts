import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../../src/core/config-error.ts";
import { parse } from "../harness/parse-config.ts";

const VALID = `default_model = "coder"

[defaults]
num_retries = 3
timeout = "2m"

[providers.openai]
api_key = "env:OPENAI_API_KEY"

[models.coder]
name = "claude-sonnet-4-5"
provider = "anthropic"
fallback_models = ["fast", "local"]
stop = ["END"]
extra_headers = { "X-Team" = "compilers" }
tools = [{ type = "function", function = { name = "read", parameters = { type = "object" } } }]

[models.fast]
extends = "coder"
reasoning_effort = 0.5

[models.local]
name = 'qwen3'
provider = "my-server"
custom_llm_provider = "openai"
base_url = "http://127.0.0.1:8080/v1"

[aliases]
smart = "coder"

[groups.all]
strategy = "weighted"
members = [{ model = "smart", weight = 2 }, "local"]
fallback_models = ["fast"]

[profiles.ci.models.coder]
provider = "simulator"

[logging]
level = "info"
`;

const PIECES = [
  "[",
  "]",
  "{",
  "}",
  "=",
  '"',
  "'",
  ".",
  ",",
  "\n",
  "#",
  "null",
  "nan",
  "1979-05-27",
  "__proto__",
  "constructor",
  "env:",
  "env:X",
  "[models.coder]",
  "[[models]]",
  "extends = 'fast'\n",
  "[aliases]\n",
  "[groups.all]\n",
  "include = ['x.toml']\n",
  "-1",
  "\u0000",
  "\uFEFF",
  "é",
  "\r",
];

const edit = fc.record({
  at: fc.nat(VALID.length),
  cut: fc.nat(12),
  put: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })),
});

test("any edit of a valid file gives a configuration or problems with positions", () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype);
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), fc.constantFrom(undefined, "ci"), (edits, profile) => {
      const text = edits.reduce(
        (before, { at, cut, put }) => before.slice(0, at) + put + before.slice(at + cut),
        VALID,
      );
      const outcome = attempt(text, profile);
      if (!(outcome instanceof ConfigError)) return;
      expect(outcome.problems.length).toBeGreaterThan(0);
      for (const { line, column, path, message } of outcome.problems) {
        expect(message).not.toBe("");
        if (path === "profiles" && message.startsWith("unknown profile")) continue;
        expect(line).toBeGreaterThan(0);
        expect(line).toBeLessThanOrEqual(text.split("\n").length);
        expect(column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype);
});

/** Every entry is built too: what the checks let through must not break later. */
function attempt(text: string, profile: string | undefined): unknown {
  try {
    const config = parse(text, { profile });
    return [...config.names.map((name) => config.entry(name)), ...config.groups.map((name) => config.group(name))];
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

test("comments, blank lines and the order of tables have no effect", () => {
  const entries = (text: string) =>
    Object.fromEntries(
      parse(text)
        .names.toSorted()
        .map((name) => [name, parse(text).entry(name)]),
    );
  const [head = "", ...tables] = VALID.split(/\n(?=\[)/);
  fc.assert(
    fc.property(fc.shuffledSubarray(tables, { minLength: tables.length }), fc.boolean(), (shuffled, comments) => {
      const text = [head, ...shuffled].join(comments ? "\n# a comment\n\n" : "\n");
      expect(entries(text)).toEqual(entries(VALID));
    }),
    { numRuns: 50 },
  );
});
