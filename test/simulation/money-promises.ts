import type { Attempt } from "../../src/index.ts";
import { type Broken, EPSILON_MS } from "./broken.ts";
import type { VirtualCaller } from "./caller.ts";
import { cameToAnEnd, type WireRequest } from "./wire-request.ts";

/** One row per request, in order unless two ran in parallel; their costs add up to the reply's cost. */
export function checkRows(caller: VirtualCaller, broken: Broken): void {
  const { plan, entry, rows, requests: own, accounted: requests = own, reply } = caller;
  const models = (list: readonly string[]) => (entry.hedgeMs === undefined ? list : list.toSorted()).join(" ");
  const [seen, sent] = [models(rows.map(({ model }) => model)), models(requests.map(({ entry }) => entry))];
  if (seen !== sent) broken("P6", `${plan.id}: rows [${seen}], requests [${sent}]`);
  for (const request of requests) {
    const row = rowOf(request, caller);
    if (row !== undefined && row.outcome !== "ok") continue;
    const words = `${plan.id}: the row of ${request.entry} at ${request.startedMs} ms`;
    if (!cameToAnEnd(request)) broken("P6", `${words} is ok, its request ended as ${request.end}`);
    if (row?.usage?.input !== request.input || row.usage.output !== request.output)
      broken("P6", `${words} has ${JSON.stringify(row?.usage)}`);
    if (row?.cost?.usd !== priceOf(request)) broken("P6", `${words} costs ${row?.cost?.usd}`);
  }
  const sum = sumOf(rows);
  if (reply !== undefined && !isSameUsd(reply.cost.usd, sum, 1e-12))
    broken("P6", `${plan.id}: costs ${reply.cost.usd}, its rows ${sum}`);
}

/** In USD; null if any cost is unknown. */
export function sumOf(rows: readonly Attempt[]): number | null {
  const costs = rows.flatMap(({ cost }) => (cost === undefined ? [] : [cost.usd]));
  return costs.reduce((total, usd) => (total === null || usd === null ? null : total + usd), 0);
}

export function isSameUsd(one: number | null, other: number | null, tolerance: number): boolean {
  return one === null || other === null ? one === other : Math.abs(one - other) <= tolerance;
}

/** The usage of a reply is that of the requests that its text came from. */
export function checkUsage(caller: VirtualCaller, parts: readonly WireRequest[], broken: Broken): void {
  const { plan, reply } = caller;
  const usages = parts.map((part) => rowOf(part, caller)?.usage);
  for (const kind of ["input", "output", "total"] as const) {
    const sum = usages.reduce((total, usage) => total + (usage?.[kind] ?? Number.NaN), 0);
    if (reply?.usage[kind] !== sum) broken("P6", `${plan.id}: ${kind} ${reply?.usage[kind]}, of its parts ${sum}`);
  }
  if (reply?.usage.estimated !== usages.some((usage) => usage?.estimated))
    broken("P6", `${plan.id}: estimated ${reply?.usage.estimated}, its parts otherwise`);
}

/** Two requests to one model at one instant (one cancelled while hedging, one retried in its place) have a row each. */
export function rowOf(request: WireRequest, caller: VirtualCaller): Attempt | undefined {
  const sinceMs = request.startedMs - caller.startedMs;
  const rows = caller.rows.filter(
    (row) => row.model === request.entry && Math.abs(row.startedMs - sinceMs) < EPSILON_MS,
  );
  const ended = cameToAnEnd(request);
  return rows.find((row) => (row.outcome === "ok") === ended) ?? rows[0];
}

/** USD; null if the price is unknown. */
export function priceOf({ input, output, price }: WireRequest): number | null {
  if (price === undefined) return null;
  return (Math.round(input * price.input * 1_000) + Math.round(output * price.output * 1_000)) / 1e9;
}
