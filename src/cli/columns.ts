import Table from "cli-table3";
import type { Paint } from "./print.ts";

const NO_LINES = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
  ...{ "bottom-right": "", left: "  ", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
};

/** Aligned columns without lines, indented by two; ends of lines carry no blanks. */
export function columns(
  head: readonly string[] | undefined,
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  if (rows.length === 0) return [];
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2, compact: true },
    ...(head !== undefined && { head: head.map((title) => paint.dim(title)) }),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split("\n").map(withoutTrailingBlanks);
}

/** Blanks may stand before the code that ends a colour. */
function withoutTrailingBlanks(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
  return line.replace(/ +((?:\u001b\[\d+m)*)$/, "$1").trimEnd();
}
