import type { Attempt, Reply } from "modelwright";
import { createColors } from "picocolors";

/** Uses color only on a terminal or with FORCE_COLOR; picocolors alone would also color CI logs. */
const { FORCE_COLOR, NO_COLOR } = process.env;
export const paint = createColors(!NO_COLOR && (Boolean(FORCE_COLOR) || process.stdout.isTTY === true));

const INDENT = "  ";
const WIDTH = Math.max(60, Math.min(process.stdout.columns ?? (Number(process.env["COLUMNS"]) || 100), 110));

export function heading(mark: string, text: string): void {
  console.log(`\n${paint.cyan(mark)} ${paint.bold(text)}`);
}

export function note(text: string): void {
  console.log(INDENT + paint.dim(text));
}

/** Prints rows as aligned columns; the last one is cut to the width of the terminal. */
export function columns(rows: readonly (readonly string[])[], paint: readonly Paint[] = []): void {
  const [first = []] = rows;
  const widths = first.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) console.log(INDENT + rowText(row, widths, paint).trimEnd());
}

type Paint = (text: string) => string;

function rowText(row: readonly string[], widths: readonly number[], paint: readonly Paint[]): string {
  let room = WIDTH - INDENT.length;
  const cells = row.map((text, column) => {
    const cell = cut(text, room).padEnd(Math.min(widths[column] ?? 0, room));
    room -= cell.length + 2;
    return (paint[column] ?? String)(cell);
  });
  return cells.join("  ");
}

function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
}

/** Prints the code block of an answer. */
export function code(text: string): void {
  const block = /```\w*\n([\s\S]*?)```/.exec(text)?.[1] ?? text;
  for (const line of block.trimEnd().split("\n")) {
    console.log(`${INDENT}${paint.dim("│")} ${cut(line, WIDTH - INDENT.length - 2)}`);
  }
}

/** Writes words as they arrive, with line breaks. */
export function flowing(): { write(piece: string): void; end(): void } {
  let column = 0;
  let word = "";
  const flush = () => {
    if (word === "") return;
    const isFirst = column === 0;
    const isBroken = !isFirst && column + 1 + word.length > WIDTH;
    process.stdout.write(`${isFirst ? INDENT : isBroken ? `\n${INDENT}` : " "}${word}`);
    column = isFirst || isBroken ? INDENT.length + word.length : column + 1 + word.length;
    word = "";
  };
  return {
    write(piece) {
      for (const part of piece.split(/(\s+)/)) {
        if (/^\s/.test(part)) flush();
        else word += part;
      }
    },
    end() {
      flush();
      process.stdout.write("\n");
    },
  };
}

export function attempts(reply: Reply): void {
  columns(reply.attempts.map(attemptRow), [paint.dim, String, verdictPaint]);
}

function attemptRow({ model, outcome, startedMs, error }: Attempt): string[] {
  const verdict = outcome === "ok" ? "answered" : `${error?.status ?? ""} ${error?.code ?? outcome}`.trim();
  return [`after ${milliseconds(startedMs).padStart(6)}`, model, verdict];
}

function verdictPaint(text: string): string {
  return text.startsWith("answered") ? paint.green(text) : paint.yellow(text);
}

/** Prints tokens, cost and time of each answer. */
export function scores(taken: readonly (readonly [step: string, reply: Reply])[]): void {
  const head = ["", "answered by", "requests", "tokens in", "out", "cost", "time"];
  const rows = taken.map(([step, { model, attempts, usage, cost, latencyMs }]) => [
    ...[step, model, String(attempts.length), String(usage.input), String(usage.output)],
    ...[dollars(cost.usd), milliseconds(latencyMs)],
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const aligned = [head, ...rows].map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  for (const [index, row] of aligned.entries())
    console.log(INDENT + (index === 0 ? paint.dim(row.join("  ")) : row.join("  ")));
}

export function dollars(usd: number | null): string {
  return usd === null ? "unknown" : `$${usd.toFixed(6)}`;
}

function milliseconds(value: number): string {
  return `${Math.round(value)} ms`;
}
