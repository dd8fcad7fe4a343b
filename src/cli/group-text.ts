import type { GroupConfig } from "../config/load.ts";
import { COMMAND } from "../core/command.ts";
import { columns } from "./columns.ts";
import { type EntryRow, entryProblems } from "./entry-row.ts";
import type { Printer } from "./print.ts";
import { printableLine } from "./printable.ts";
import { duration, perMillion, plural, shortCount } from "./wording.ts";

const FIRST_MEMBER: Readonly<Record<GroupConfig["strategy"], string>> = {
  priority: "the first member",
  round_robin: "each member in turn",
  random: "a random member",
  weighted: "a random member, by weight",
  least_busy: "the member with the fewest calls in flight",
  latency: "the member that answered fastest recently",
  cost: "the cheapest",
  usage: "the member that used the fewest tokens in the last minute",
};

/** Describes a group: its members, strategy and fallbacks. */
export function groupText(group: GroupConfig, members: readonly EntryRow[], print: Printer): string[] {
  const { paint } = print;
  const { name, strategy, allowedFails, cooldown, fallbackModels } = group;
  const cells = members.map((row, index) => [
    printableLine(row.name),
    strategy === "weighted" ? `weight ${group.members[index]?.weight}` : `${index + 1}.`,
    printableLine(row.provider),
    printableLine(row.model),
    row.context === null ? "?" : shortCount(row.context),
    perMillion(row.price ?? undefined),
  ]);
  const last = fallbackModels.length === 0 ? "then the call fails" : `then ${printableLine(fallbackModels.join(", "))}`;
  return [
    `${paint.bold(printableLine(name))} ${paint.dim("→")} a group of ${plural(members.length, "model")}`,
    "",
    paint.bold("members"),
    ...columns(undefined, cells, print, [0, 3]),
    "",
    paint.bold("a call"),
    `  first tries ${FIRST_MEMBER[strategy]} (${strategy})`,
    `  tries the next member at once when one fails, ${last}`,
    `  cooldown of ${duration(cooldown)} after ${plural(allowedFails, "failure")} within a minute`,
    ...entryProblems(members, print),
    "",
    paint.dim(`${COMMAND} explain ${members[0]?.name} shows the request of a member`),
  ];
}
