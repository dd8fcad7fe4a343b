import { existsSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { ALL_MUTANTS } from "./all-mutants.ts";
import { edited, type Mutant } from "./mutant.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");

/** The changed files of a mutant. */
function filesOf({ edits }: Mutant): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const edit of edits) files.set(edit.file, edited(files.get(edit.file) ?? read(edit.file), edit));
  return files;
}

describe("the list of mutants for `npm run mutants`", () => {
  test.each(ALL_MUTANTS)("$id applies to the sources", (mutant) => {
    for (const text of filesOf(mutant).values())
      expect(ts.transpileModule(text, { reportDiagnostics: true }).diagnostics).toEqual([]);
    expect(mutant.tests.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
    expect(mutant.tests.length).toBeGreaterThan(0);
  });

  test("names each mutant once, and has at least forty", () => {
    expect(new Set(ALL_MUTANTS.map(({ id }) => id)).size).toBe(ALL_MUTANTS.length);
    expect(ALL_MUTANTS.length).toBeGreaterThanOrEqual(40);
  });
});
