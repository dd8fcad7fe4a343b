import Table from "cli-table3";
import { withoutEnd } from "../core/without-end.ts";
import { folded, visibleLength } from "./folded.ts";
import type { Printer } from "./print.ts";

const NO_LINES = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
  ...{ "bottom-right": "", left: "  ", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
};
const GAP = 2;
const NARROWEST = 12;
/** Name and model. */
const ESSENTIAL: readonly number[] = [0, 1];

/**
 * Aligned columns without borders, indented by two. The last column wraps at the width of the terminal. If it would be
 * too narrow, columns that are not essential are dropped from the right, which is reported if they have a title; after that,
 * the widest column wraps. The first column wraps at `longestName` even before.
 */
export function columns(
  head: Row | undefined,
  rows: readonly Row[],
  print: Printer,
  essential = ESSENTIAL,
  longestName = Number.POSITIVE_INFINITY,
): string[] {
  if (rows.length === 0) return [];
  const all = head === undefined ? rows : [head.map((title) => print.paint.dim(title)), ...rows];
  const widths = widthsOf(all).map((column) =>
    column.index === 0 ? { ...column, size: Math.min(column.size, longestName + GAP) } : column,
  );
  const shown = fitted(widths, print.columns - GAP, essential);
  print.hide(head?.filter((_, index) => shown.every((column) => column.index !== index)) ?? []);
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP, compact: true },
  });
  table.push(...all.map((row) => shown.map(({ index, size }) => folded(row[index] ?? "", size - GAP, "").join("\n"))));
  return table.toString().split("\n").map(withoutTrailingBlanks);
}

type Row = readonly string[];

interface Column {
  readonly index: number;
  readonly size: number;
}

function widthsOf(rows: readonly Row[]): Column[] {
  const [first = []] = rows;
  return first.map((_, index) => ({
    index,
    size: GAP + Math.max(...rows.map((row) => visibleLength(row[index] ?? ""))),
  }));
}

/** The visible columns with their widths. */
function fitted(all: readonly Column[], room: number, essential: readonly number[]): readonly Column[] {
  const excess = all.reduce((sum, { size }) => sum + size, 0) - room;
  const last = all.at(-1);
  if (excess <= 0 || last === undefined) return all;
  if (last.size - excess >= NARROWEST) return [...all.slice(0, -1), { ...last, size: last.size - excess }];
  const spare = all.findLast(({ index }) => !essential.includes(index));
  if (spare !== undefined) return fitted(without(all, spare), room, essential);
  return squeezed(all, excess);
}

function without(all: readonly Column[], one: Column): readonly Column[] {
  return all.filter((column) => column !== one);
}

/** Shrinks the widest column step by step. The first one, the name, shrinks when all others are at the minimum. */
function squeezed(all: readonly Column[], excess: number): readonly Column[] {
  const sizes = all.map(({ size }) => size);
  for (let left = excess; left > 0; left -= 1) {
    const others = Math.max(...sizes.slice(1));
    const widest = others > NARROWEST ? sizes.indexOf(others, 1) : sizes.indexOf(Math.max(...sizes));
    sizes[widest] = Math.max(GAP + 1, (sizes[widest] ?? 0) - 1);
  }
  return all.map(({ index }, at) => ({ index, size: sizes[at] ?? 0 }));
}

/** Trailing spaces may precede a code that resets the colour. */
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
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes start with ESC
const CODE = /^\u001b\[\d+m *$/;
