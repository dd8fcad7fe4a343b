import { printableLine } from "./printable.ts";
import type { UsageReport } from "./usage-table.ts";

const NUMBERS = [
  ...([
    "attempts",
    "failed",
    "open",
    "cached",
    "input",
    "cacheRead",
    "cacheWrite",
    "output",
    "reasoning",
    "total",
  ] as const),
  ...(["usd", "knownUsd", "unpriced", "savedUsd", "overrunUsd", "estimated", "possiblyBilled"] as const),
] as const;

/** The groups as CSV (RFC 4180) with a header; null is empty. Names have no control characters, and are no formulas. */
export function csvOf({ by, sums }: UsageReport): string {
  const rows = sums.map((sum) => [...by.map((group) => sum.group[group] ?? null), ...NUMBERS.map((name) => sum[name])]);
  return [[...by, ...NUMBERS], ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(value: string | number | null): string {
  if (typeof value === "number") return plainNumber(value);
  if (value === null) return "";
  const text = printableLine(FORMULA.test(value) ? `'${value}` : value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Spreadsheets run these as formulas: https://owasp.org/www-community/attacks/CSV_Injection. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** Without an exponent, which small amounts would have. */
function plainNumber(value: number): string {
  const text = String(value);
  return text.includes("e-") ? value.toFixed(9) : text;
}
