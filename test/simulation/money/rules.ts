import { createHash } from "node:crypto";
import type { Per } from "../../../src/core/budget.ts";
import type { Claim } from "../../../src/core/store.ts";
import type { CallerPlan, EntryPlan } from "../plan.ts";
import type { BudgetPlan, MoneyPlan, RatePlan } from "./money-plan.ts";

/** Who calls which entry. */
export interface Asking {
  readonly caller: CallerPlan;
  readonly entry: EntryPlan;
  readonly key: string | undefined;
}

/** The budgets that a request is charged to, computed from the plan. */
export function budgetsOf({ budgets }: MoneyPlan, asking: Asking): readonly BudgetPlan[] {
  return budgets.filter((budget) => matches(budget, asking));
}

export function ratesOf({ rates }: MoneyPlan, asking: Asking): readonly RatePlan[] {
  const { rateLimit } = asking.entry;
  return [...rates.filter((rate) => matches(rate, asking)), ...(rateLimit === undefined ? [] : [rateLimit])];
}

function matches({ match = {} }: BudgetPlan | RatePlan, { caller, entry }: Asking): boolean {
  const { models = [entry.name], providers = [entry.name], tags, users } = match;
  if (!models.includes(entry.name) || !providers.includes(entry.name)) return false;
  if (tags?.every((tag) => !allTags(caller).includes(tag))) return false;
  return users === undefined || users.includes(caller.user ?? "");
}

/** The caller's own id comes first. */
export function allTags({ id, tags }: CallerPlan): readonly string[] {
  return [id, ...tags];
}

/** The counters of one rule that count a request. */
export function membersOf({ per }: BudgetPlan | RatePlan, asking: Asking): readonly string[] {
  const lists = [...per].sort().map((one) => valuesOf(one, asking));
  const all = lists.reduce<string[][]>(
    (rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])),
    [[]],
  );
  return all.map((row) => (row.length > 1 ? JSON.stringify(row) : (row[0] ?? "")));
}

function valuesOf(per: Per, { caller, entry, key = "" }: Asking): readonly string[] {
  if (per === "tag") return allTags(caller);
  if (per === "key") return [createHash("sha256").update(key).digest("hex").slice(0, 12)];
  return [{ user: caller.user ?? "", model: entry.name, provider: entry.name, scope: "" }[per]];
}

/** The counters that a request must hold, as strings. */
export function expectedClaims(plan: MoneyPlan, asking: Asking): readonly string[] {
  const { entry } = asking;
  const budgets = budgetsOf(plan, asking).flatMap((budget) =>
    membersOf(budget, asking).map((member) => `budget ${budget.name} ${budget.unit} ${member}`),
  );
  const rates = ratesOf(plan, asking).flatMap((rate) =>
    membersOf(rate, asking).flatMap((member) => [
      ...rate.rates.map(({ of, perMs }) => `${of} of ${rate.name} in ${perMs} ms ${member}`),
      ...(rate.maxParallel === undefined ? [] : [`slots of ${rate.name} ${member}`]),
    ]),
  );
  const own = entry.maxParallel === undefined ? [] : [`slots of ${entry.name}`];
  return [...budgets, ...rates, ...own].sort();
}

/** What a claim is for, as a string of the same form. */
export function claimWords(claim: Claim): string {
  if (claim.kind === "budget") {
    const [name, unit] = JSON.parse(claim.family) as string[];
    return `budget ${name} ${unit} ${claim.member}`;
  }
  const [kind, name, of, perMs, member] = JSON.parse(claim.counter) as string[];
  if (claim.kind === "rate") return `${of} of ${name} in ${perMs} ms ${member}`;
  return kind === "slots" ? `slots of ${name} ${of}` : `slots of ${name}`;
}

/** Names the period of a budget at an instant by the wall-clock calendar of its time zone. */
export function periodName({ period, timezone }: BudgetPlan, atMs: number): string {
  if (period === "total") return "total";
  const local = new Intl.DateTimeFormat("en-CA", {
    ...({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23" } as const),
    ...({ weekday: "short", timeZoneName: "longOffset", timeZone: timezone } as const),
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => local.find((one) => one.type === type)?.value ?? "";
  const day = `${part("year")}-${part("month")}-${part("day")}`;
  if (period === "month") return day.slice(0, 7);
  if (period === "day") return day;
  if (period === "hour") return `${day} ${part("hour")} ${part("timeZoneName")}`;
  const sinceMonday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].findIndex((name) =>
    part("weekday").startsWith(name),
  );
  return `week of ${new Date(Date.parse(day) - sinceMonday * 86_400_000).toISOString().slice(0, 10)}`;
}

/** Names what attempts wait for in the same way as the product. */
export function lineOfClaim(claim: Claim): string {
  return claim.kind === "budget" ? `${claim.family} ${claim.member}` : claim.counter;
}
