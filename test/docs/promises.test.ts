import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const PAGE = readFileSync("docs/guide/reliability.md", "utf8");
const rows = PAGE.slice(PAGE.indexOf("| proved by |"))
  .split("\n")
  .slice(2)
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("each promise of the guide has a test:", () => {
  test("has at least twelve promises", () => expect(rows.length).toBeGreaterThanOrEqual(12));

  test.each(rows.map(([, promise = "", proof = ""]) => ({ promise, proof })))("$promise", ({ proof }) => {
    const named = [...proof.matchAll(/`(test\/[^`]+)`(?:: ([^;]+))?/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, file = "", name] of named) {
      const files = file.includes("*") ? globSync(file) : [file];
      expect(files.length, file).toBeGreaterThan(0);
      for (const one of files) expect(existsSync(one), one).toBe(true);
      if (name !== undefined)
        expect(
          files.some((one) => readFileSync(one, "utf8").includes(name.trim())),
          name,
        ).toBe(true);
    }
  });
});
