import { withoutSecrets } from "./masked-lines.ts";
import type { Paint } from "./print.ts";
import { printableLine } from "./printable.ts";

const LINES_BEFORE = 1;
const LINES_AFTER = 1;
const LONGEST_LINE = 160;
/** Longer than the visible part, so that an API key cut by the frame is still recognized and masked. */
const LONGEST_READ = 4 * LONGEST_LINE;

/** The lines around an error, with a marker under the word in question. */
export function codeFrame(text: string, line: number, column: number, paint: Paint): string[] {
  const lines = withoutSecrets(text.split(/\r?\n/).map((one) => one.slice(0, LONGEST_READ)));
  const from = Math.max(1, line - LINES_BEFORE);
  const to = Math.min(lines.length, line + LINES_AFTER);
  const width = String(to).length;
  const frame: string[] = [];
  for (let number = from; number <= to; number++) {
    const source = (lines[number - 1] ?? "").slice(0, LONGEST_LINE).replaceAll("\t", " ");
    if (number !== line && source.trim() === "") continue;
    const gutter = `${String(number).padStart(width)} |`;
    frame.push(
      number === line
        ? `${paint.red(">")} ${paint.bold(gutter)} ${printableLine(source)}`
        : paint.dim(`  ${gutter} ${printableLine(source)}`).trimEnd(),
    );
    if (number === line && column <= LONGEST_LINE)
      frame.push(
        `  ${" ".repeat(width)} ${paint.dim("|")} ${" ".repeat(column - 1)}${paint.red("^".repeat(markWidth(source, column)))}`,
      );
  }
  return frame;
}

/** The length of the quoted string or bare word at a column. */
function markWidth(source: string, column: number): number {
  const rest = source.slice(column - 1);
  const token = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w.:+-]+|\[\[?[^\]]*\]\]?)/.exec(rest);
  return Math.max(1, token?.[0].length ?? 1);
}
