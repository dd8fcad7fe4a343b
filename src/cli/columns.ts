import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import type { Paint } from "./print.ts";

const NO_LINES = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
  ...{ "bottom-right": "", left: "  ", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
};
const GAP = 2;
const NARROWEST = 12;

/** Aligned columns without lines, indented by two; the last one is folded where the terminal ends. */
export function columns(
  head: Row | undefined,
  rows: readonly Row[],
  paint: Paint,
  width = Number.POSITIVE_INFINITY,
): string[] {
  if (rows.length === 0) return [];
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP, compact: true },
    ...(head !== undefined && { head: head.map((title) => paint.dim(title)) }),
    ...folding(head === undefined ? rows : [head, ...rows], width),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split("\n").map(withoutTrailingBlanks);
}

type Row = readonly string[];

function folding(rows: readonly Row[], width: number): { colWidths?: (number | null)[]; wordWrap?: true } {
  const widths = (rows[0] ?? []).map(
    (_, index) => GAP + Math.max(...rows.map((row) => stripVTControlCharacters(row[index] ?? "").length)),
  );
  const before = GAP + widths.slice(0, -1).reduce((sum, one) => sum + one, 0);
  const left = width - before;
  if (left >= (widths.at(-1) ?? 0) || left < NARROWEST) return {};
  return { colWidths: widths.map((_, index) => (index === widths.length - 1 ? left : null)), wordWrap: true };
}

/** Blanks may stand before the code that ends a colour. */
function withoutTrailingBlanks(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
  return line.replace(/ +((?:\u001b\[\d+m)*)$/, "$1").trimEnd();
}
