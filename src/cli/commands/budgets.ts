import type { Command } from "commander";
import type { BudgetStatus } from "../../index.ts";
import { columns } from "../columns.ts";
import { type CliContext, Exit, Failure } from "../context.ts";
import type { Paint, Printer } from "../print.ts";
import { printableLine } from "../printable.ts";
import { withProject } from "../project.ts";
import { dollars, shortCount, timeLeft } from "../wording.ts";

export function configureBudgets(command: Command, context: CliContext): void {
  command
    .argument("[name]", "only this budget")
    .option("--strict", "fail if a budget is exceeded")
    .addHelpText(
      "after",
      "\nCounters in memory end with their process: use [state] or [ledger] to see those of programs.\n",
    )
    .action((name: string | undefined, { strict }: { readonly strict?: boolean }) =>
      show(name, strict === true, context),
    );
}

async function show(name: string | undefined, strict: boolean, context: CliContext): Promise<void> {
  const { print, flags, io } = context;
  await withProject(context, async ({ config, factory, file }) => {
    if (config.budgets.length === 0)
      throw new Failure(`${print.path(file)} has no budgets`, "Add a table such as [budgets.team] with usd = 25.");
    const rows = await factory.budgets.status(name);
    if (flags.json === true) print.json(rows);
    else print.lines(tableOf(rows, print, io.now?.() ?? Date.now()));
    if (strict && rows.some(({ state }) => state === "exceeded")) throw new Exit(1);
  });
}

const HEAD = ["budget", "used", "", "spent", "limit", "reserved", "resets"];
/** All but what is reserved and when it resets. */
const ESSENTIAL = [0, 1, 3, 4];

function tableOf(rows: readonly BudgetStatus[], print: Printer, nowMs: number): string[] {
  if (rows.length === 0) return ["No counters yet: the budgets have `per`, and no matching call was made."];
  const cells = rows.map((row) => {
    const { unit, spent, limit, reserved, resetsAt } = row;
    const amount = (value: number) => (unit === "usd" ? dollars(value) : `${shortCount(value)} tokens`);
    return [
      nameOf(row),
      percent(row, print.paint),
      bar(row, print.paint),
      amount(spent),
      amount(limit),
      reserved === 0 ? print.paint.dim("–") : amount(reserved),
      resetsAt === null ? print.paint.dim("never") : `in ${timeLeft(resetsAt.getTime() - nowMs)}`,
    ];
  });
  return columns(HEAD, cells, print, ESSENTIAL);
}

function nameOf({ name, per }: BudgetStatus): string {
  if (per === undefined) return name;
  return printableLine(
    `${name} (${Object.entries(per)
      .map(([key, value]) => `${key} ${value === "" ? "none" : value}`)
      .join(", ")})`,
  );
}

const COLORS = { ok: "green", warning: "yellow", exceeded: "red" } as const;

function percent({ spent, limit, state }: BudgetStatus, paint: Paint): string {
  const share = limit === 0 ? 1 : spent / limit;
  return paint[COLORS[state]](`${Math.floor(share * 100)} %`.padStart(5));
}

const WIDTH = 20;

/** What is spent, then what is reserved. */
function bar({ spent, reserved, limit, state }: BudgetStatus, paint: Paint): string {
  const cellsOf = (amount: number) => (limit === 0 ? WIDTH : Math.min(WIDTH, Math.round((amount / limit) * WIDTH)));
  const full = cellsOf(spent);
  const both = Math.max(full, cellsOf(spent + reserved));
  return (
    paint[COLORS[state]]("█".repeat(full)) + paint.dim("▒".repeat(both - full)) + paint.dim("░".repeat(WIDTH - both))
  );
}
