import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ALL_MUTANTS } from "./all-mutants.ts";
import { misfit } from "./mutant.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");

describe("the list of mutants that `npm run mutants` tries", () => {
  test.each(ALL_MUTANTS)("$id still breaks what it says", ({ edits, tests }) => {
    expect(edits.map((edit) => misfit(read(edit.file), edit)).filter((why) => why !== undefined)).toEqual([]);
    expect(tests.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
    expect(tests.length).toBeGreaterThan(0);
  });

  test("names each once, and holds at least forty", () => {
    expect(new Set(ALL_MUTANTS.map(({ id }) => id)).size).toBe(ALL_MUTANTS.length);
    expect(ALL_MUTANTS.length).toBeGreaterThanOrEqual(40);
  });
});
