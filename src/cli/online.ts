import { retirementOf } from "../core/retirement.ts";
import type { CliContext } from "./context.ts";
import type { EntryRow } from "./entry-row.ts";
import { type OnlineStatus, type OnlineVerdict, verdictOn, worstOf } from "./listed.ts";
import { listingsOf } from "./listings.ts";
import type { Paint } from "./print.ts";
import type { Project } from "./project.ts";

/** Verdicts by entry name. */
export type Verdicts = ReadonlyMap<string, OnlineVerdict>;

/** Checks entries against their providers; simulated ones need no request. */
export async function checkOnline(project: Project, rows: readonly EntryRow[], context: CliContext): Promise<Verdicts> {
  const real = rows.filter(({ provider }) => provider !== "simulator");
  const listings = await listingsOf(project, real, context);
  const verdict = (row: EntryRow): OnlineVerdict => {
    if (!row.usable) return { status: "not-asked" };
    if (row.provider === "simulator") return { status: "ok" };
    const results = listings.flatMap(({ users, answer }) =>
      users.filter((user) => user.row === row).map(({ key, keys }) => withKey(verdictOn(row.model, answer), key, keys)),
    );
    return worstOf(results);
  };
  return new Map(rows.map((row) => [row.name, verdict(row)]));
}

/** Names the rejected key if there are several. */
function withKey(verdict: OnlineVerdict, key: number, keys: number): OnlineVerdict {
  if (keys < 2 || verdict.status !== "key-refused") return verdict;
  return { ...verdict, message: `key ${key + 1} of ${keys}: ${verdict.message ?? ""}` };
}

/** Whether the file must be fixed. */
export function isConfigError(status: OnlineStatus | undefined): boolean {
  return status === "key-refused" || status === "no-such-model";
}

/** Undefined if the provider adds nothing to what the file says. */
export function onlineText(verdict: OnlineVerdict | undefined, paint: Paint, nowMs: number): string | undefined {
  const { status, message = "", suggestion, listedAs, retiresOn } = verdict ?? { status: "not-asked" };
  if (status === "not-asked" || (status === "ok" && listedAs === undefined && retiresOn === undefined))
    return undefined;
  if (status === "ok") {
    const now = listedAs === undefined ? "" : `, now ${listedAs}`;
    return retirementText(retiresOn, nowMs, paint, now) ?? paint.dim(`ok${now}`);
  }
  if (status === "no-such-model")
    return `${paint.red(message)}${suggestion === undefined ? "" : `; did you mean ${paint.green(`"${suggestion}"`)}?`}`;
  if (status === "key-refused") return paint.red(`the key is refused: ${message}`);
  if (status === "not-reached") return paint.yellow(`not reached: ${message}`);
  if (status === "unexpected-answer") return paint.yellow(`unexpected answer: ${message}`);
  return paint.yellow(status === "not-listed" ? message : `cannot be asked: ${message}`);
}

/** The retirement of a model, shown in place of "ok". */
export function retirementText(
  retiresOn: string | null | undefined,
  nowMs: number,
  paint: Paint,
  note = "",
): string | undefined {
  const when = retirementOf(retiresOn, nowMs);
  if (when === undefined) return undefined;
  if (when === "past") return paint.red(`retired on ${retiresOn}${note}`);
  const words = `ok${note}, the model retires on ${retiresOn}`;
  return when === "near" ? paint.yellow(words) : paint.dim(words);
}
