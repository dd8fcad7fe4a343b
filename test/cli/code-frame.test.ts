import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { codeFrame } from "../../src/cli/code-frame.ts";

const PLAIN = pc.createColors(false);
const frame = (text: string, line: number, column: number) => codeFrame(text, line, column, PLAIN).join("\n");

describe("a code frame", () => {
  it("marks the whole value", () => {
    expect(frame('a = 1\nb = "two words"\nc = 3', 2, 5)).toBe(
      '  1 | a = 1\n> 2 | b = "two words"\n    |     ^^^^^^^^^^^\n  3 | c = 3',
    );
  });

  it("aligns line numbers of different lengths", () => {
    expect(frame(Array.from({ length: 12 }, (_, index) => `k${index + 1} = 1`).join("\n"), 10, 1)).toBe(
      "   9 | k9 = 1\n> 10 | k10 = 1\n     | ^^^\n  11 | k11 = 1",
    );
  });

  it("counts a tab as one column", () => {
    expect(frame("\tb = [1]", 1, 6)).toBe("> 1 |  b = [1]\n    |      ^^^");
  });

  it("marks a position after the end of a line", () => {
    expect(frame("a =", 1, 4)).toBe("> 1 | a =\n    |    ^");
  });

  it("truncates long lines, without a mark beyond the end", () => {
    const line = `a = "${"x".repeat(20_000_000)}"`;
    expect(frame(line, 1, 1)).toMatch(/^> 1 \| a = "x{155}\n {4}\| \^$/);
    expect(frame(line, 1, 10_000)).toMatch(/^> 1 \| a = "x{155}$/);
  });
});
