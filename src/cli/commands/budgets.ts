import type { Command } from "commander";
import type { BudgetStatus } from "../../index.ts";
import { columns } from "../columns.ts";
import { type CliContext, Exit, Failure } from "../context.ts";
import { type Outlook, outlooksOf } from "../next-calls.ts";
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
  await withProject(context, async (project) => {
    const { config, factory, file } = project;
    if (config.budgets.length === 0)
      throw new Failure(`${print.path(file)} has no budgets`, "Add a table such as [budgets.team] with usd = 25.");
    const rows = await factory.budgets.status(name);
    if (flags.json === true) print.json(rows);
    else {
      const outlooks = await outlooksOf(rows, project, context.env);
      print.lines(tableOf(rows, outlooks, print, io.now?.() ?? Date.now()));
      print.lines(refusals(rows, outlooks, print));
    }
    if (strict && rows.some(({ state }) => state === "exceeded")) throw new Exit(1);
  });
}

const HEAD = ["budget", "state", "used", "", "spent", "limit", "reserved", "resets"];
/** All but the bar, what is reserved and when it resets. */
const ESSENTIAL = [0, 1, 2, 4, 5];
/** A longer name wraps before other columns are hidden. */
const NAME_WIDTHS = { least: 16, share: 0.35 };

function tableOf(rows: readonly BudgetStatus[], outlooks: readonly Outlook[], print: Printer, nowMs: number): string[] {
  if (rows.length === 0) return ["No counters yet: the budgets have `per`, and no matching call was made."];
  const cells = rows.map((row, index) => {
    const { spent, limit, reserved, resetsAt } = row;
    const amount = (value: number) => amountText(value, row);
    return [
      nameOf(row),
      stateText(row, outlooks[index], print.paint),
      percent(row, print.paint),
      bar(row, print.paint),
      amount(spent),
      amount(limit),
      reserved === 0 ? print.paint.dim("–") : amount(reserved),
      resetsAt === null ? print.paint.dim("never") : `in ${timeLeft(resetsAt.getTime() - nowMs)}`,
    ];
  });
  const widest = Math.max(NAME_WIDTHS.least, Math.floor(print.columns * NAME_WIDTHS.share));
  return columns(HEAD, cells, print, ESSENTIAL, widest);
}

function amountText(value: number, { unit }: BudgetStatus): string {
  return unit === "usd" ? dollars(value) : `${shortCount(value)} tokens`;
}

/** "refusing": something is left, but no call fits into it. */
function stateText({ state }: BudgetStatus, outlook: Outlook | undefined, paint: Paint): string {
  const refuses = state !== "exceeded" && outlook?.refusesAll === true;
  return refuses ? paint.red("refusing") : paint[COLORS[state]](state);
}

const MOST_NAMED = 3;

/** A line for each counter that has something left, but not enough for the next call of an entry. */
function refusals(rows: readonly BudgetStatus[], outlooks: readonly Outlook[], { paint }: Printer): string[] {
  const lines = rows.flatMap((row, index) => {
    const refused = outlooks[index]?.refused ?? [];
    if (row.state === "exceeded" || refused.length === 0) return [];
    const calls = refused.slice(0, MOST_NAMED).map(({ entry, amount }) => `${amountText(amount, row)} (${entry})`);
    const more = refused.length > MOST_NAMED ? ` and ${refused.length - MOST_NAMED} more` : "";
    const most = `may ${row.unit === "usd" ? "cost" : "use"} up to ${calls.join(", ")}${more}`;
    const words = `${nameOf(row)}: ${amountText(row.remaining, row)} left, and the next call ${most}`;
    const end = outlooks[index]?.skips === true ? "skipped" : "refused";
    return [`  ${paint.yellow("!")} ${printableLine(words)}: ${end}, unless it has a lower max_new_tokens`];
  });
  return lines.length === 0 ? [] : ["", ...lines];
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

const WIDTH = 12;

/** What is spent, then what is reserved. */
function bar({ spent, reserved, limit, state }: BudgetStatus, paint: Paint): string {
  const cellsOf = (amount: number) => (limit === 0 ? WIDTH : Math.min(WIDTH, Math.round((amount / limit) * WIDTH)));
  const full = cellsOf(spent);
  const both = Math.max(full, cellsOf(spent + reserved));
  return (
    paint[COLORS[state]]("█".repeat(full)) + paint.dim("▒".repeat(both - full)) + paint.dim("░".repeat(WIDTH - both))
  );
}
