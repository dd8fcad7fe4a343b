import type { Attempt } from "../core/attempt.ts";
import type { Call, Observer } from "../core/call.ts";
import { type Cost, costFromNano, type NanoCost, NanoSum, nanoOf, UNKNOWN_COST } from "../core/cost.ts";
import { type Usage, UsageSum } from "../core/usage.ts";
import { SavedCosts } from "./saved-costs.ts";

/** The usage of a factory, including failed attempts. */
export interface UsageTotal {
  readonly calls: number;
  /** Sent requests, including retries and fallbacks. */
  readonly requests: number;
  readonly usage: Usage;
  readonly cost: Cost;
  /** What answers from the cache cost when they were requested; null if the price of one is unknown. */
  readonly savedUsd: number | null;
}

export const USAGE_GROUPS = ["model", "provider", "tag", "scope", "day"] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Maximum number of names per group, because callers may generate tags and scopes. */
const MAX_NAMES = 10_000;
/** The sum of all names beyond those. */
const OTHER = "other";

/** Sums of a factory's calls per group, so that memory does not grow with the number of calls. */
export class UsageTotals implements Observer {
  readonly #total = new Sum();
  /** Number of the last added call. */
  #lastCall = 0;
  readonly #groups: Readonly<Record<UsageGroup, Map<string, Sum>>> = {
    model: new Map(),
    provider: new Map(),
    tag: new Map(),
    scope: new Map(),
    day: new Map(),
  };

  total(): UsageTotal {
    return this.#total.read();
  }

  by(group: UsageGroup): Readonly<Record<string, UsageTotal>> {
    return Object.fromEntries([...this.#groups[group]].map(([name, sum]) => [name, sum.read()]));
  }

  /** Adds a call's attempts, or what it saved. */
  ended({ record, input, clock, target }: Call): void {
    if (record.attempts.length === 0 && record.savedCost === undefined) {
      this.#total.calls += 1;
      return;
    }
    const call = ++this.#lastCall;
    const day = dayOf(clock.now());
    const named = [...this.#sums("tag", input.tags), ...this.#sums("scope", input.scopes ?? [])];
    const shared = [this.#total, this.#sum("day", day), ...named];
    if (record.savedCost !== undefined) {
      const answered = [this.#sum("model", target.entry), this.#sum("provider", target.provider)];
      for (const sum of [...shared, ...answered]) sum.save(record.savedCost, call);
    }
    for (const attempt of record.attempts) {
      const money = nanoOf(attempt.cost);
      for (const sum of shared) sum.add(attempt, money, call);
      this.#sum("model", attempt.model).add(attempt, money, call);
      this.#sum("provider", attempt.provider).add(attempt, money, call);
    }
  }

  /** Names beyond the limit share one sum, which counts an attempt once. */
  #sums(group: UsageGroup, names: readonly string[]): Iterable<Sum> {
    return names.length === 0 ? NONE : new Set(names.map((name) => this.#sum(group, name)));
  }

  #sum(group: UsageGroup, name: string): Sum {
    const sums = this.#groups[group];
    const known = sums.get(name);
    if (known !== undefined) return known;
    const kept = sums.size < MAX_NAMES ? name : OTHER;
    const sum = sums.get(kept) ?? new Sum();
    sums.set(kept, sum);
    return sum;
  }
}

const NONE: readonly Sum[] = [];

const DAY_MS = 86_400_000;
let lastDay = { number: Number.NaN, name: "" };

/** UTC date, cached for the calls of a day. */
function dayOf(nowMs: number): string {
  const number = Math.floor(nowMs / DAY_MS);
  if (number !== lastDay.number) lastDay = { number, name: new Date(nowMs).toISOString().slice(0, 10) };
  return lastDay.name;
}

/** Adds in place, because this runs at least four times per call. */
class Sum {
  calls = 0;
  #requests = 0;
  readonly #usage = new UsageSum();
  readonly #nano = new NanoSum();
  #unknown = false;
  #lastCall = 0;
  #estimated = false;
  #saved: SavedCosts | undefined;

  /** A call counts once, for any number of attempts. */
  add({ usage, cost }: Attempt, money: NanoCost | undefined, call: number): void {
    this.#count(call);
    this.#requests += 1;
    if (usage !== undefined) this.#usage.add(usage);
    if (cost === undefined) return;
    this.#estimated ||= cost.estimated;
    if (money === undefined) this.#unknown = true;
    else this.#nano.add(money);
  }

  save(cost: Cost, call: number): void {
    this.#count(call);
    this.#saved ??= new SavedCosts();
    this.#saved.add(cost);
  }

  #count(call: number): void {
    if (this.#lastCall !== call) this.calls += 1;
    this.#lastCall = call;
  }

  read(): UsageTotal {
    const savedUsd = this.#saved === undefined ? 0 : this.#saved.usd;
    const cost = this.#unknown
      ? { ...UNKNOWN_COST, estimated: this.#estimated }
      : costFromNano(this.#nano, this.#estimated);
    return { calls: this.calls, requests: this.#requests, usage: this.#usage.read(), cost, savedUsd };
  }
}
