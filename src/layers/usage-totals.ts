import type { Attempt } from "../core/attempt.ts";
import { addCost, type Cost, NO_COST } from "../core/cost.ts";
import type { Layer } from "../core/layer.ts";
import { addUsage, NO_USAGE, type Usage } from "../core/usage.ts";

/** What a factory has spent, failed attempts included. */
export interface UsageTotal {
  readonly calls: number;
  /** Requests that left, retries and fallbacks included. */
  readonly requests: number;
  readonly usage: Usage;
  readonly cost: Cost;
}

export type UsageGroup = "model" | "provider" | "tag" | "day";

interface Row {
  readonly attempt: Attempt;
  readonly tags: readonly string[];
  readonly day: string;
}

const NOTHING: UsageTotal = { calls: 0, requests: 0, usage: NO_USAGE, cost: NO_COST };

/** Sums of a factory's calls, kept per group so that memory does not grow with the number of calls. */
export class UsageTotals {
  #total = NOTHING;
  readonly #groups: Readonly<Record<UsageGroup, Map<string, UsageTotal>>> = { model: new Map(), provider: new Map(), tag: new Map(), day: new Map() };

  /** Adds a call's attempts when the call has settled. */
  readonly layer: Layer = (call, next) => {
    const { record, input, clock } = call;
    record.onSettle(() => {
      const day = new Date(clock.now()).toISOString().slice(0, 10);
      this.#add(record.attempts.map((attempt) => ({ attempt, tags: input.tags, day })));
    });
    return next(call);
  };

  total(): UsageTotal {
    return this.#total;
  }

  by(group: UsageGroup): Readonly<Record<string, UsageTotal>> {
    return Object.fromEntries(this.#groups[group]);
  }

  #add(rows: readonly Row[]): void {
    const counted = new Map<Map<string, UsageTotal>, Set<string>>();
    this.#total = { ...this.#total, calls: this.#total.calls + 1 };
    for (const row of rows) {
      this.#total = grown(this.#total, row.attempt);
      for (const [group, name] of namesOf(row)) this.#addTo(this.#groups[group], name, row.attempt, counted);
    }
  }

  #addTo(totals: Map<string, UsageTotal>, name: string, attempt: Attempt, counted: Map<Map<string, UsageTotal>, Set<string>>): void {
    const seen = counted.get(totals) ?? new Set();
    counted.set(totals, seen);
    const before = totals.get(name) ?? NOTHING;
    const calls = before.calls + (seen.has(name) ? 0 : 1);
    seen.add(name);
    totals.set(name, grown({ ...before, calls }, attempt));
  }
}

function namesOf({ attempt, tags, day }: Row): readonly (readonly [UsageGroup, string])[] {
  return [["model", attempt.model], ["provider", attempt.provider], ["day", day], ...tags.map((tag) => ["tag", tag] as const)];
}

function grown(total: UsageTotal, { usage, cost }: Attempt): UsageTotal {
  return {
    calls: total.calls,
    requests: total.requests + 1,
    usage: usage === undefined ? total.usage : addUsage(total.usage, usage),
    cost: cost === undefined ? total.cost : addCost(total.cost, cost),
  };
}
