import type { Per, Period, Rate } from "../../../src/core/budget.ts";
import type { Chance } from "../../harness/chance.ts";
import { HOUR_MS } from "../behaviour.ts";
import type { CallerPlan, EntryPlan, WorldPlan } from "../plan.ts";

export interface MatchPlan {
  readonly models?: readonly string[];
  readonly providers?: readonly string[];
  readonly tags?: readonly string[];
  readonly users?: readonly string[];
}

interface RulePlan {
  readonly name: string;
  readonly per: readonly Per[];
  readonly match: MatchPlan | undefined;
}

export interface BudgetPlan extends RulePlan {
  readonly unit: "usd" | "tokens";
  /** Nano-USD, or tokens. */
  readonly limit: bigint;
  readonly period: Period;
  readonly timezone: string;
  readonly onExceeded: "refuse" | "fallback";
  readonly unpriced: "refuse" | "allow";
  readonly maxOutput: number | undefined;
  readonly maxWaitMs: number;
  readonly warnAt: number;
  readonly maxCounters: number | undefined;
}

export interface RatePlan extends RulePlan {
  readonly rates: readonly Rate[];
  readonly maxParallel: number | undefined;
  readonly onExceeded: "wait" | "refuse";
  readonly maxWaitMs: number;
  readonly queue: number;
}

/** The money and limits of a world, in addition to its entries and callers. */
export interface MoneyPlan {
  readonly startsAt: number;
  readonly budgets: readonly BudgetPlan[];
  readonly rates: readonly RatePlan[];
  /** Whether providers count more tokens than any tokenizer does. */
  readonly greedy: boolean;
}

/** Half of the seeds have money; the other half produce the same worlds as before budgets existed. */
export function hasMoney(seed: number): boolean {
  return seed % 4 < 2;
}

/** Instants within an hour of the end of an hour, day, week, month or daylight saving time in some time zone. */
const STARTS = [
  ...["2026-01-01T00:00:00Z", "2026-01-31T23:30:00Z", "2026-03-29T00:20:00Z", "2026-11-01T08:30:00Z"],
  ...["2026-08-02T23:40:00Z", "2026-05-10T17:50:00Z"],
].map(Date.parse);
const TIMEZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Asia/Kolkata"];
const CROWD_EVERY_MS = 1_000_000;
const USERS = ["ann", "bob", "eve"];
const TAGS = ["ci", "web"];
const PERS: readonly Per[] = ["user", "user", "user", "model", "model", "provider", "key", "tag", "scope"];

/** The same entries and callers, plus prices, limits, users, tags and priorities. */
export function withMoney({ entries, callers }: WorldPlan, chance: Chance): WorldPlan {
  const names = entries.map(({ name }) => name);
  const budgets = Array.from({ length: chance.whole(0, 2) }, (_, index) => planBudget(`b${index}`, names, chance));
  const fewest = budgets.length === 0 ? 1 : 0;
  const rates = Array.from({ length: chance.whole(fewest, 2) }, (_, index) => planRate(`r${index}`, names, chance));
  // In half of the worlds most callers compete for the same capacity, without failures that would reduce their number.
  const crowds = { number: chance.whole(1, 3), isFlood: chance.happens(0.3) };
  const calm = chance.happens(0.5);
  return {
    entries: entries.map((entry) => pricedEntry(calm ? calmEntry(entry, chance) : entry, chance)),
    callers: callers.map((caller) => namedCaller(caller, crowds, chance)),
    money: { startsAt: chance.pick(STARTS), budgets, rates, greedy: chance.happens(0.2) },
  };
}

function calmEntry(entry: EntryPlan, chance: Chance): EntryPlan {
  const behaviour = { kind: "healthy", latencyMs: chance.whole(1, 800), gapMs: chance.whole(0, 60) } as const;
  return { ...entry, hedgeMs: undefined, phases: [{ untilMs: HOUR_MS, behaviour }] };
}

function pricedEntry(entry: EntryPlan, chance: Chance): EntryPlan {
  const price = { input: chance.pick([0, 0.075, 3, 12.5]), output: chance.pick([0.3, 10, 15, 600]) };
  return {
    ...entry,
    price: chance.happens(0.1) ? undefined : price,
    maxNewTokens: chance.happens(0.4) ? chance.pick([3, 8, 40]) : undefined,
    rateLimit: chance.happens(0.2) ? { ...planRate(`models.${entry.name}`, [], chance), per: [] } : undefined,
  };
}

interface Crowds {
  readonly number: number;
  /** Most calls arrive at the same time and belong to one user; the others arrive a moment later. */
  readonly isFlood: boolean;
}

function namedCaller(caller: CallerPlan, { number, isFlood }: Crowds, chance: Chance): CallerPlan {
  const words = ["Hello", "Hello, who are you? ".repeat(chance.whole(1, 20))];
  const flooding = isFlood && chance.happens(0.7);
  const isInCrowd = chance.happens(isFlood ? 0.9 : 0.6);
  const shiftMs = isFlood && !flooding ? chance.whole(40, 400) : chance.whole(0, isFlood ? 40 : 400);
  return {
    ...caller,
    atMs: isInCrowd ? chance.whole(1, number) * CROWD_EVERY_MS + shiftMs : caller.atMs,
    prompt: chance.pick(words),
    user: flooding ? USERS[0] : chance.happens(0.7) ? chance.pick(USERS) : undefined,
    tags: TAGS.filter(() => chance.happens(0.3)),
    priority: !isFlood && chance.happens(0.4) ? chance.pick([0, 100, 130, 255]) : undefined,
    maxNewTokens: chance.happens(0.2) ? chance.pick([2, 20]) : undefined,
  };
}

const USD_LIMITS = [0, 0.0004, 0.003, 0.02, 0.07, 0.1, 0.2, 1];
const TOKEN_LIMITS = [0, 150, 2_000, 5_000, 9_000, 20_000, 50_000];

function planBudget(name: string, entries: readonly string[], chance: Chance): BudgetPlan {
  const unit = chance.pick(["usd", "tokens"] as const);
  const limit = unit === "usd" ? BigInt(Math.round(chance.pick(USD_LIMITS) * 1e9)) : BigInt(chance.pick(TOKEN_LIMITS));
  return {
    ...{ name, unit, limit },
    period: chance.pick(["hour", "hour", "day", "week", "month", "total"]),
    timezone: chance.pick(TIMEZONES),
    per: planPer(chance),
    match: planMatch(entries, chance),
    onExceeded: chance.pick(["refuse", "fallback"]),
    unpriced: unit === "usd" ? chance.pick(["refuse", "allow"]) : "refuse",
    maxOutput: chance.happens(0.4) ? chance.pick([4, 16, 100]) : undefined,
    maxWaitMs: chance.pick([0, 400, 10_000, 60_000]),
    warnAt: chance.pick([0.5, 0.8, 1]),
    maxCounters: chance.happens(0.1) ? chance.whole(1, 3) : undefined,
  };
}

function planRate(name: string, entries: readonly string[], chance: Chance): RatePlan {
  const rates: Rate[] = [];
  if (chance.happens(0.7)) rates.push(planLimit("requests", [1, 3, 10, 40], chance));
  if (chance.happens(0.4)) rates.push(planLimit("tokens", [15, 100, 400, 5_000], chance));
  const refuses = chance.happens(0.2);
  return {
    ...{ name, rates, per: planPer(chance), match: planMatch(entries, chance) },
    maxParallel: rates.length === 0 || chance.happens(0.3) ? chance.whole(1, 3) : undefined,
    onExceeded: refuses ? "refuse" : "wait",
    maxWaitMs: chance.pick([300, 5_000, 30_000, 120_000]),
    queue: chance.happens(0.3) ? chance.whole(0, 4) : 1_000,
  };
}

function planLimit(of: Rate["of"], limits: readonly number[], chance: Chance): Rate {
  return { of, limit: chance.pick(limits), perMs: chance.pick([1_000, 60_000, 60_000, 3_600_000]) };
}

function planPer(chance: Chance): readonly Per[] {
  if (chance.happens(0.5)) return [];
  return [...new Set([chance.pick(PERS), ...(chance.happens(0.3) ? [chance.pick(PERS)] : [])])];
}

function planMatch(entries: readonly string[], chance: Chance): MatchPlan | undefined {
  if (chance.happens(0.6)) return undefined;
  return {
    ...(entries.length > 0 && chance.happens(0.5) && { models: some(entries, chance) }),
    ...(entries.length > 0 && chance.happens(0.2) && { providers: some(entries, chance) }),
    ...(chance.happens(0.3) && { tags: some(TAGS, chance) }),
    ...(chance.happens(0.3) && { users: some(USERS, chance) }),
  };
}

function some(names: readonly string[], chance: Chance): readonly string[] {
  const chosen = names.filter(() => chance.happens(0.5));
  return chosen.length === 0 ? [chance.pick(names)] : chosen;
}
