import { stripVTControlCharacters } from "node:util";

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes start with ESC
const TOKENS = /\u001b\[\d+m| +|[^ \u001b]+|\u001b/g;
const HANGING = 2;

/** Wraps a line to a width, between words where possible. Colours continue across lines. */
export function folded(line: string, width: number, indent = indentOf(line, width)): string[] {
  if (visibleLength(line) <= width) return [line];
  const lines = [""];
  let used = 0;
  const begin = () => {
    lines.push(indent);
    used = indent.length;
  };
  for (const token of line.match(TOKENS) ?? []) {
    const length = token.startsWith("\u001b") ? 0 : token.length;
    if (used + length > width && used > indent.length) begin();
    if (token.startsWith(" ") && lines.length > 1 && used === indent.length) continue;
    for (const piece of length > width - used ? piecesOf(token, width - used, width - indent.length) : [token]) {
      if (piece !== "" && used + piece.length > width && length > 0) begin();
      lines[lines.length - 1] += piece;
      used += length === 0 ? 0 : piece.length;
    }
  }
  return lines.map((one) => one.trimEnd());
}

/** Splits a word that is longer than a line. */
function piecesOf(word: string, first: number, next: number): string[] {
  const pieces = [word.slice(0, first)];
  for (let at = first; at < word.length; at += next) pieces.push(word.slice(at, at + next));
  return pieces;
}

function indentOf(line: string, width: number): string {
  const spaces = line.length - line.trimStart().length;
  return " ".repeat(Math.min(spaces + HANGING, Math.floor(width / 2)));
}

export function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}
