import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import { withoutEnd } from "../core/without-end.ts";
import type { Paint } from "./print.ts";

const NO_LINES = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
  ...{ "bottom-right": "", left: "  ", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
};
const GAP = 2;
const NARROWEST = 12;

/**
 * Aligned columns without lines, indented by two. Where the terminal ends, the last one is folded, or left out when
 * nothing of it would fit.
 */
export function columns(
  head: Row | undefined,
  rows: readonly Row[],
  paint: Paint,
  width = Number.POSITIVE_INFINITY,
): string[] {
  if (rows.length === 0) return [];
  const all = head === undefined ? rows : [head.map((title) => paint.dim(title)), ...rows];
  const widths = widthsOf(all);
  const left = width - GAP - widths.slice(0, -1).reduce((sum, one) => sum + one, 0);
  const isCut = left < Math.min(NARROWEST, widths.at(-1) ?? 0);
  const isFolded = !isCut && left < (widths.at(-1) ?? 0);
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP, compact: true },
    ...(isFolded && { colWidths: [...widths.slice(0, -1), left], wordWrap: true }),
  });
  table.push(...all.map((row) => (isCut ? row.slice(0, -1) : [...row])));
  return table.toString().split("\n").map(withoutTrailingBlanks);
}

type Row = readonly string[];

function widthsOf(rows: readonly Row[]): number[] {
  const [first = []] = rows;
  return first.map(
    (_, index) => GAP + Math.max(...rows.map((row) => stripVTControlCharacters(row[index] ?? "").length)),
  );
}

/** Blanks may stand before the code that ends a colour. */
function withoutTrailingBlanks(line: string): string {
  let codes = line.length;
  for (
    let at = line.lastIndexOf(ESCAPE);
    at >= 0 && CODE.test(line.slice(at, codes));
    at = line.lastIndexOf(ESCAPE, at - 1)
  ) {
    codes = at;
    if (at === 0) break;
  }
  return withoutEnd(line.slice(0, codes), " ") + line.slice(codes).trimEnd();
}

const ESCAPE = "\u001b";
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
const CODE = /^\u001b\[\d+m *$/;
