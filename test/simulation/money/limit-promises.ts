import { type Broken, EPSILON_MS } from "../broken.ts";
import { isOpen } from "../wire-request.ts";
import type { LoggedRequest } from "./bill-promises.ts";
import type { MoneyPlan, RatePlan } from "./money-plan.ts";
import { membersOf, ratesOf } from "./rules.ts";

/** The stores allow this much rounding error in sums of times. */
const ROUNDING_MS = 1;

/** No window has more requests than its bucket holds at the start plus what is refilled until the end. */
export function checkWindows(plan: MoneyPlan, log: readonly LoggedRequest[], broken: Broken): void {
  for (const [name, { rule, requests }] of byCounter(plan, log))
    for (const { of, limit, perMs } of rule.rates) {
      if (of !== "requests") continue;
      const times = requests.map(({ atMs }) => atMs);
      times.forEach((endMs, last) => {
        for (let first = 0; first < last; first++) {
          const windowMs = endMs - (times[first] ?? endMs) + ROUNDING_MS;
          if (last - first + 1 > limit + (limit * windowMs) / perMs + EPSILON_MS)
            broken("P8", `${name}: ${last - first + 1} requests in ${windowMs} ms, ${limit} in ${perMs} ms allowed`);
        }
      });
    }
}

/** A rule never has more in-flight requests than slots; a provider may still be working on abandoned requests. */
export function checkSlots(plan: MoneyPlan, open: readonly LoggedRequest[], broken: Broken): void {
  for (const [name, { rule, requests }] of byCounter(plan, open)) {
    const working = requests.filter(({ request }) => isOpen(request)).length;
    if (working > (rule.maxParallel ?? Number.POSITIVE_INFINITY))
      broken("P8", `${name}: ${working} requests at a time, max_parallel ${rule.maxParallel}`);
  }
}

interface CounterLog {
  readonly rule: RatePlan;
  readonly requests: LoggedRequest[];
}

function byCounter(plan: MoneyPlan, log: readonly LoggedRequest[]): ReadonlyMap<string, CounterLog> {
  const counters = new Map<string, CounterLog>();
  for (const logged of log)
    for (const rule of ratesOf(plan, logged.asking))
      for (const member of membersOf(rule, logged.asking)) {
        const name = `${rule.name} ${member}`;
        const counter = counters.get(name) ?? { rule, requests: [] };
        counters.set(name, counter);
        counter.requests.push(logged);
      }
  return counters;
}
