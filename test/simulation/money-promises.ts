import type { Broken } from "./broken.ts";
import type { VirtualCaller } from "./caller.ts";

/** One row for each request, in order unless two ran side by side, whose costs are the cost. */
export function checkRows({ plan, entry, rows, requests, reply }: VirtualCaller, broken: Broken): void {
  const inOrder = entry.hedgeMs === undefined;
  const models = (list: readonly string[]) => (inOrder ? list : list.toSorted()).join(" ");
  const [seen, sent] = [models(rows.map(({ model }) => model)), models(requests.map(({ entry }) => entry))];
  if (seen !== sent) broken("P6", `${plan.id}: rows [${seen}], requests [${sent}]`);
  for (const [index, { outcome, cost, usage }] of rows.entries()) {
    if (outcome !== "ok") continue;
    const request = inOrder
      ? requests[index]
      : requests.find(({ end, output }) => end === "complete" && output === usage?.output);
    if (request?.end !== "complete" || usage?.output !== request.output)
      broken("P6", `${plan.id}: row ${index} is ok, its request ended as ${request?.end}`);
    if (cost?.usd !== priceOf(request?.output ?? 0)) broken("P6", `${plan.id}: row ${index} costs ${cost?.usd}`);
  }
  const sum = rows.reduce((total, { cost }) => total + (cost?.usd ?? 0), 0);
  if (reply !== undefined && Math.abs((reply.cost.usd ?? Number.NaN) - sum) > 1e-12)
    broken("P6", `${plan.id}: costs ${reply.cost.usd}, its rows ${sum}`);
}

/** Ten tokens of input at 3 USD and the output at 15 USD for a million. */
function priceOf(output: number): number {
  return (10 * 3_000 + output * 15_000) / 1e9;
}
