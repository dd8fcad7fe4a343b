import { globSync } from "node:fs";
import { basename } from "node:path";
import { ERROR_CODES, type ErrorRow, type ModelErrorCode } from "modelwright";
import { describe, expect, it } from "vitest";
import { defaultOf } from "../../src/config/options.ts";
import { effortOfBudget as claudeEffort } from "../../src/dialects/anthropic/thinking.ts";
import { effortOfBudget as geminiEffort } from "../../src/dialects/google/thinking.ts";
import { ROOT, readPage } from "./blocks.ts";

const reliability = readPage("docs/guide/reliability.md");

/** Cells of the table below a heading, without its head. */
function tableBelow(heading: string, page = reliability): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codesIn = (cell: string) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code = ""]) => code);

/** What the words of a row claim about a code, as the table of codes would have it. */
function claimsOf(words: string): Partial<ErrorRow> {
  return {
    ...(/\bno retry|at once/.test(words) && { retry: "never" }),
    ...(/\bone retry/.test(words) && { retry: "once" }),
    ...(/(?<!no |one )\bretries\b/.test(words) && { retry: "yes" }),
    ...(/(?<!_)fallbacks\b(?!`)/.test(words) && { fallback: "general" }),
    ...(words.includes("content_policy_fallbacks") && { fallback: "policy" }),
    ...(words.includes("context_window_fallbacks") && { fallback: "context" }),
    ...(/the error at once/.test(words) && { fallback: "none" }),
    ...(words.includes("next key") && { rotatesKey: true }),
  };
}

describe("the token budgets of efforts", () => {
  const rows = tableBelow("Reasoning effort", readPage("docs/guide/model-facts.md"));
  const tokens = (cell = "") => Number(cell.replaceAll(",", ""));

  it.each([
    ["Claude up to 4.5", claudeEffort, ["low", "low", "medium", "high", "xhigh"]],
    ["Gemini 2.5", geminiEffort, ["minimal", "low", "medium", "high", "high"]],
  ] as const)("of %s are those of the request", (model, effortOf, efforts) => {
    const cells = rows.find(([name]) => name === model)?.slice(1) ?? [];
    expect(cells.map((cell) => effortOf(tokens(cell)))).toEqual(efforts.map((effort) => ({ effort, exact: true })));
  });
});

describe("facts on the reliability page", () => {
  const rows = tableBelow("Error by error");

  it.each(rows.flatMap(([, codes = "", words = ""]) => codesIn(codes).map((code) => [code, words] as const)))(
    "%s: %s",
    (code, words) => {
      expect(Object.keys(ERROR_CODES)).toContain(code);
      expect(ERROR_CODES[code as ModelErrorCode]).toMatchObject(
        claimsOf(words.replace("the next fallback; ", "fallbacks; ")),
      );
    },
  );

  it("mentions every code that a provider can cause", () => {
    const said = rows.flatMap(([, codes = ""]) => codesIn(codes));
    const own = [
      "unsupported",
      "refused",
      "invalid_output",
      "budget_exceeded",
      "rejected",
      "circuit_open",
      "bulkhead_full",
      "limit_exceeded",
      "state_unavailable",
      "redirect_blocked",
      "proxy_refused",
      "all_models_failed",
    ];
    expect(Object.keys(ERROR_CODES).filter((code) => !said.includes(code) && !own.includes(code))).toEqual([]);
  });

  it("states the default of each timeout", () => {
    const stated = tableBelow("Timeouts").map(([key = "", value]) => [codesIn(key)[0], value]);
    const clocks = [
      ...([
        "connect_timeout",
        "first_token_timeout",
        "silence_timeout",
        "idle_timeout",
        "timeout",
        "deadline",
      ] as const),
    ];
    const real = clocks.map((key) => {
      const seconds = defaultOf(key);
      return [key, seconds === undefined ? "none" : `${seconds} s`];
    });
    expect(stated).toEqual(real);
  });

  it("has the numbers of retries, waits and breaker", () => {
    const numbers = {
      num_retries: 3,
      retry_min_wait: 0.5,
      retry_max_wait: 20,
      max_retry_after: 60,
      circuit_breaker: { threshold: 5, half_open_after: 10 },
      repeated_chunk_limit: 100,
    } as const;
    const keys = Object.keys(numbers) as (keyof typeof numbers)[];
    expect(Object.fromEntries(keys.map((key) => [key, defaultOf(key)]))).toEqual(numbers);
    for (const words of [
      "`num_retries = 3`",
      "up to `max_retry_after` (60 s",
      "0.5 s, 1 s, 2 s … up to 20 s",
      "Five failed calls in a row",
      "not asked for 10 s",
      "the same text 100 times",
    ])
      expect(reliability.replace(/\s+/g, " ")).toContain(words);
  });
});

describe("the guide to the command line", () => {
  it("has a row for every command", () => {
    const commands = globSync("src/cli/commands/*.ts", { cwd: ROOT }).map((file) => basename(file, ".ts"));
    const page = readPage("docs/guide/cli.md");
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => !page.includes(`\n| \`${command}\` |`))).toEqual([]);
  });
});
