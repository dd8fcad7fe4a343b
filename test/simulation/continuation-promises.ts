import type { Broken } from "./broken.ts";
import type { VirtualCaller } from "./caller.ts";
import type { EntryPlan } from "./plan.ts";
import { limitedAt, partsBefore, type WireRequest } from "./wire-request.ts";

/** Checked when a request is sent: it continues exactly after the delivered text, where continuation is allowed. */
export function checkGoingOn(caller: VirtualCaller, entry: EntryPlan, request: WireRequest, broken: Broken): void {
  const { plan, shown, requests } = caller;
  const { before } = request;
  const say = (what: string) => `${plan.id}: ${entry.name} asked behind ${JSON.stringify(before)}, ${what}`;
  if (plan.way === "stream" && before !== shown)
    broken(before === "" ? "P4" : "P1", say(`shown is ${JSON.stringify(shown)}`));
  if (before === "") return;
  const parts = partsBefore(request, requests);
  const last = parts.at(-1);
  if (last === undefined) broken("P1", say("which nobody said"));
  const lengthened = last?.end === "length" && last.entry === entry.name;
  const healed = plan.way === "stream" && caller.entry.onBreak === "continue" && last?.end !== "content_filtered";
  if (!lengthened && !healed) broken("P4", say(`after ${last?.end}`));
  const limited = limitedAt(entry.name, parts);
  if (limited > entry.continueOnLength) broken("P3", say(`for the ${limited}th time`));
  if (isSpent(entry, requests)) broken("P3", say("after too many restarts"));
}

/** Checked for the parts of a reply. */
export function checkParts(
  { plan, reply, requests: own, accounted: requests = own, seams }: VirtualCaller,
  parts: readonly WireRequest[],
  served: EntryPlan,
  broken: Broken,
): void {
  const limited = limitedAt(served.name, parts);
  if (reply?.finishReason === "length" && limited <= served.continueOnLength && !isSpent(served, requests))
    broken("P1", `${plan.id}: cut short after ${limited} parts of ${served.name}`);
  if (plan.way === "codegen") return;
  const due = parts.flatMap((part, index) => seamOf(parts[index - 1], part));
  const told = seams.map(({ at, reason }) => `${at}: ${reason}`);
  if (told.length !== due.length || !due.every((seam, index) => seam.test(told[index] ?? "")))
    broken("P1", `${plan.id}: joined as in ${due.join(", ")}, told was ${told.join(", ")}`);
}

/** What is reported about a seam; nothing where a model continues after its token limit. */
function seamOf(last: WireRequest | undefined, { entry, before }: WireRequest): readonly RegExp[] {
  if (last === undefined || (last.end === "length" && last.entry === entry)) return [];
  return [new RegExp(`^${before.length}: ${last.entry} broke off .* ${before.length} characters; ${entry} continued`)];
}

/** At most `continue_on_length` parts after the first, and as many again for each restart of an answer. */
function isSpent({ name, continueOnLength, numRetries }: EntryPlan, requests: readonly WireRequest[]): boolean {
  return limitedAt(name, requests) > continueOnLength * (1 + numRetries);
}
