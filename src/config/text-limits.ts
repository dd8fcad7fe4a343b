/**
 * Far above the limits in limits.ts: these only keep input from the parser that would take too long. Generous, because
 * lines of a multi-line string may look like keys.
 */
const MAX_STATEMENTS = 30_000;
const MAX_DOTS = 100;
/** Of the values of arrays; a table of numbers in a prompt of 1 MiB has fewer. */
const MAX_COMMAS = 250_000;

/** Why the text is too expensive to parse; `undefined` if it is not. */
export function costlyText(text: string): "keys" | "depth" | undefined {
  if (hasMore(text, ",", MAX_COMMAS)) return "keys";
  let statements = 0;
  let equals = -1;
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    if (equals < start) equals = indexOrEnd(text, "=", start);
    const isHeader = text[start] === "[";
    if ((isHeader || equals < end) && ++statements > MAX_STATEMENTS) return "keys";
    if (isDeepKey(text, start, Math.min(end, equals))) return "depth";
    start = end + 1;
  }
  return undefined;
}

function hasMore(text: string, part: string, limit: number): boolean {
  let count = 0;
  for (let index = text.indexOf(part); index >= 0; index = text.indexOf(part, index + 1))
    if (++count > limit) return true;
  return false;
}

function indexOrEnd(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from);
  return index < 0 ? text.length : index;
}

/** Counts dots in one run without spaces or adjacent dots, so that prose in a string is not mistaken for a key. */
function isDeepKey(text: string, start: number, end: number): boolean {
  if (end - start < MAX_DOTS * 2) return false;
  let dots = 0;
  for (let index = start; index < end; index++) {
    if (text[index] === " ") dots = 0;
    else if (text[index] === "." && text[index - 1] !== "." && ++dots > MAX_DOTS) return true;
  }
  return false;
}
