import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ROWS, UNMET } from "./rows.ts";

const TESTS = resolve(import.meta.dirname, "..");
const sources = new Map<string, readonly string[]>();

/** The lines of a test file that can carry the name of a test. */
function namesIn(file: string): readonly string[] {
  let names = sources.get(file);
  if (names === undefined) {
    const path = resolve(TESTS, `${file}.test.ts`);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    names = lines.filter((line) => /\b(test|it|describe|keyTest)\b.*\(/.test(line) || /(^\s*|\)\()["'`]/.test(line));
    sources.set(file, names);
  }
  return names;
}

describe("each row of the mission has its proof", () => {
  test.each(Object.entries(ROWS))("row %s", (_, proofs) => {
    expect(proofs.length).toBeGreaterThan(0);
    for (const [file, name] of proofs) {
      expect(
        namesIn(file).some((line) => line.includes(name)),
        `test/${file}.test.ts has no test named "${name}"`,
      ).toBe(true);
    }
  });

  test("or is known to have none, and why", () => {
    for (const [row, reason] of Object.entries(UNMET)) {
      expect(ROWS[Number(row)], `row ${row} has proofs and is listed as unmet`).toBeUndefined();
      expect(reason.length).toBeGreaterThan(10);
    }
  });
});
