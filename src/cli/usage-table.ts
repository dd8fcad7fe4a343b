import type { LedgerField, LedgerGroup, LedgerPeriod, LedgerSum } from "../index.ts";
import { folded, visibleLength } from "./folded.ts";
import type { Printer } from "./print.ts";
import { printableLine } from "./printable.ts";
import { PERIODS } from "./usage-flags.ts";
import { dollars, plural, shortCount } from "./wording.ts";

/** The answer to the questions of `modelwright usage`. */
export interface UsageReport {
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly by: readonly LedgerGroup[];
  /** Only these requests were counted. */
  readonly where: Readonly<Partial<Record<LedgerField, string>>>;
  readonly sums: readonly LedgerSum[];
  readonly total: LedgerSum;
}

const INDENT = "  ";
const GAP = 2;
const BAR_WIDTHS = { narrowest: 8, widest: 40, unlimited: 24 };
/** On a terminal, a longer name wraps. */
const MAX_NAME = 40;
const MIN_NAME = 10;
const NAMES_SHARE = 0.35;

interface Column {
  readonly title: string;
  readonly text: (sum: LedgerSum) => string;
}

const NUMBERS: Readonly<Record<string, Column>> = {
  requests: { title: "requests", text: ({ attempts }) => attempts.toLocaleString("en-US") },
  failed: { title: "failed", text: ({ failed }) => dashed(failed) },
  cached: { title: "cached", text: ({ cached }) => dashed(cached) },
  input: { title: "input", text: ({ input, cacheRead, cacheWrite }) => shortCount(input + cacheRead + cacheWrite) },
  output: { title: "output", text: ({ output }) => shortCount(output) },
  usd: { title: "USD", text: costText },
};
const ALL_TITLES = Object.values(NUMBERS).map(({ title }) => title);
/** From the widest to the narrowest table. */
const SELECTIONS: readonly (readonly string[])[] = [
  ["requests", "failed", "cached", "input", "output", "usd"],
  ["requests", "failed", "input", "output", "usd"],
  ["requests", "input", "output", "usd"],
  ["requests", "usd"],
  ["usd"],
];

/** A table with a bar for each group. It fits the width of the terminal; columns without room are reported at the end. */
export function usageText(report: UsageReport, print: Printer): string[] {
  const { columns: width, paint } = print;
  const { sums, total, by } = report;
  const heading = folded(`Usage ${spanText(report)}, by ${by.join(", ")}`, width);
  if (sums.length === 0) return [...heading, "", INDENT + nothingText(report)];
  return [
    ...heading,
    "",
    ...tableLines(report, print),
    "",
    ...notesOf(total, isPriced(report)).flatMap((note) => folded(INDENT + note, width).map((line) => paint.dim(line))),
  ];
}

function nothingText({ where }: UsageReport): string {
  const conditions = Object.entries(where).map(([field, value]) => `${field}=${printableLine(value)}`);
  return conditions.length === 0 ? "No calls are recorded." : `No recorded calls match ${conditions.join(" ")}.`;
}

function tableLines(report: UsageReport, print: Printer): string[] {
  const { columns: width, paint } = print;
  const { by } = report;
  const rows = sorted(report);
  const layout = layoutOf(rows, report, width);
  const shown = layout.numbers.map(({ title }) => title);
  print.hide(ALL_TITLES.filter((title) => !shown.includes(title)));
  const cells = (sum: LedgerSum) =>
    layout.numbers.map((column, at) => column.text(sum).padStart(layout.sizes[at] ?? 0));
  const head = [...by, ...layout.numbers.map(({ title }, at) => title.padStart(layout.sizes[at] ?? 0))];
  const most = Math.max(...rows.map((sum) => barValue(sum, report)), 0);
  const bars = rows.map((sum) => barText(barValue(sum, report), most, layout.bar));
  const line = (names: readonly string[], numbers: readonly string[], bar = "") =>
    zipped(
      [...names.map((name, at) => folded(name, layout.names[at] ?? 0, "")), ...numbers.map((text) => [text]), [bar]],
      [...layout.names, ...layout.sizes, layout.bar],
    );
  return [
    ...line(head.slice(0, by.length), head.slice(by.length)).map((text) => paint.dim(text)),
    ...rows.flatMap((sum, at) => line(namesOf(sum, by), cells(sum), paint.cyan(bars[at] ?? ""))),
    ...line(["total", ...by.slice(1).map(() => "")], cells(report.total)).map((text) => paint.bold(text)),
  ];
}

interface Layout {
  readonly numbers: readonly Column[];
  /** Widths of the names, the numbers and the bar. */
  readonly names: readonly number[];
  readonly sizes: readonly number[];
  readonly bar: number;
}

/** The first selection of columns that leaves room for bars; otherwise the narrowest, with names that wrap. */
function layoutOf(rows: readonly LedgerSum[], { by, total }: UsageReport, width: number): Layout {
  const longest = by.map((group, at) =>
    Math.max(
      group.length,
      at === 0 ? "total".length : 0,
      ...rows.map((sum) => visibleLength(namesOf(sum, by)[at] ?? "")),
    ),
  );
  const share = Math.max(MIN_NAME, Math.floor((width * NAMES_SHARE) / by.length));
  const names = longest.map((size) => (Number.isFinite(width) ? Math.min(size, share, MAX_NAME) : size));
  const room = (sizes: readonly number[]) =>
    width - INDENT.length - [...names, ...sizes].reduce((sum, size) => sum + size + GAP, 0);
  const options = SELECTIONS.map((selection) => {
    const numbers = selection.map((name) => NUMBERS[name] as Column);
    const sizes = numbers.map(({ title, text }) =>
      Math.max(title.length, ...[...rows, total].map((sum) => text(sum).length)),
    );
    return { numbers, names, sizes, left: room(sizes) };
  });
  const fitting = options.find(({ left }) => left >= BAR_WIDTHS.narrowest) ?? options.find(({ left }) => left >= -GAP);
  const { left, ...chosen } = (fitting ?? options.at(-1)) as (typeof options)[number];
  const widest = Number.isFinite(width) ? BAR_WIDTHS.widest : BAR_WIDTHS.unlimited;
  return { ...chosen, bar: left < BAR_WIDTHS.narrowest ? 0 : Math.min(left, widest) };
}

/** Lines of cells that have several lines each. */
function zipped(cells: readonly (readonly string[])[], sizes: readonly number[]): string[] {
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, at) => {
    const texts = cells.map((cell, column) => {
      const text = cell[at] ?? "";
      return text + " ".repeat(Math.max(0, (sizes[column] ?? 0) - visibleLength(text)));
    });
    return (INDENT + texts.join(" ".repeat(GAP))).trimEnd();
  });
}

/** Periods in their order; otherwise the most expensive first. */
function sorted(report: UsageReport): readonly LedgerSum[] {
  const { sums, by } = report;
  if (by.some((group) => PERIODS.includes(group as LedgerPeriod))) return sums;
  return sums.toSorted((left, right) => barValue(right, report) - barValue(left, report));
}

function namesOf({ group }: LedgerSum, by: readonly LedgerGroup[]): readonly string[] {
  return by.map((name) => (group[name] === null || group[name] === undefined ? "(none)" : printableLine(group[name])));
}

/** Whether bars are dollars; with an unknown price they are tokens. */
function isPriced({ sums }: UsageReport): boolean {
  return sums.every(({ usd }) => usd !== null) && sums.some(({ usd }) => usd !== null && usd > 0);
}

function barValue({ usd, total }: LedgerSum, report: UsageReport): number {
  return isPriced(report) ? (usd ?? 0) : total;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

function barText(value: number, most: number, width: number): string {
  if (width === 0 || most === 0 || value === 0) return "";
  const eighths = Math.max(1, Math.round((value / most) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

function costText({ usd, knownUsd }: LedgerSum): string {
  if (usd !== null) return dollars(usd);
  return knownUsd === 0 ? "?" : `≥${dollars(knownUsd)}`;
}

function dashed(count: number): string {
  return count === 0 ? "–" : count.toLocaleString("en-US");
}

function notesOf(total: LedgerSum, priced: boolean): readonly string[] {
  const { unpriced, savedUsd, cached, possiblyBilled, open, total: tokens } = total;
  return [
    tokens > 0 ? `Bars show ${priced ? "USD" : "tokens"}.` : "",
    unpriced > 0 ? `${plural(unpriced, "request")} without a known price: add [models.NAME.pricing] or price_as.` : "",
    possiblyBilled > 0
      ? `${plural(possiblyBilled, "failed request")} may be billed; the cost includes an estimate.`
      : "",
    cached > 0 ? `${plural(cached, "answer")} from the cache saved ${dollars(savedUsd)}.` : "",
    open > 0 ? `${plural(open, "request")} in flight.` : "",
  ].filter((note) => note !== "");
}

const minute = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 16).replace("T", " ");

function spanText({ since, until }: UsageReport): string {
  if (since === undefined && until === undefined) return "of all recorded calls";
  const from = since === undefined ? "" : ` from ${minute(since)}`;
  const to = until === undefined ? "" : ` until ${minute(until)}`;
  return `${from}${to} UTC`.trim();
}
