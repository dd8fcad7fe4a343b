import { nearest } from "../core/suggest.ts";
import type { LedgerField, LedgerGroup, LedgerPeriod } from "../index.ts";
import { UsageError } from "./context.ts";

export const FIELDS: readonly LedgerField[] = [
  ...(["model", "provider", "entry", "user", "tag", "scope", "key", "outcome", "code"] as const),
];
export const PERIODS: readonly LedgerPeriod[] = ["hour", "day", "week", "month"];
const GROUPS: readonly LedgerGroup[] = [...FIELDS, ...PERIODS];

function unknownWord(flag: string, kind: string, word: string, known: readonly string[]): UsageError {
  const near = nearest(word, known);
  const hint = near === undefined ? "" : `did you mean "${near}"? `;
  return new UsageError(`${flag}: unknown ${kind} "${word}"`, `${hint}The ${kind}s are ${known.join(", ")}.`);
}

export function readGroups(text: string): readonly LedgerGroup[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(GROUPS as readonly string[]).includes(name));
  if (unknown !== undefined) throw unknownWord("--by", "group", unknown, GROUPS);
  return [...new Set(names)] as LedgerGroup[];
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds since 1970 of a date, or of a time span before now; undefined without a limit. */
export function readMoment(flag: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined || text === "all") return undefined;
  const [, amount, unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)([mhdw])$/.exec(text) ?? [];
  if (amount !== undefined) return Math.floor(nowMs - Number(amount) * (UNIT_MS[unit] ?? 0));
  const date = /^\d{4}-\d{2}(?:-\d{2})?(?:T[\d:.]+Z?)?$/.test(text) ? Date.parse(withZone(text)) : Number.NaN;
  if (Number.isNaN(date))
    throw new UsageError(`${flag} ${text}: expected a time span such as 7d, 12h or 30m, or a date such as 2026-01-31`);
  return date;
}

/** A time without a zone would be local. */
function withZone(text: string): string {
  return text.includes("T") && !text.endsWith("Z") ? `${text}Z` : text;
}

/** `field=value`. */
export function readCondition(text: string): readonly [LedgerField, string] {
  const [, field = "", value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if ((FIELDS as readonly string[]).includes(field)) return [field as LedgerField, value];
  if (!text.includes("="))
    throw new UsageError(`--where ${text}: expected field=value`, `The fields are ${FIELDS.join(", ")}.`);
  throw unknownWord("--where", "field", field, FIELDS);
}
