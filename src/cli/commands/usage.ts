import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { LedgerField, LedgerGroup, LedgerSum } from "../../index.ts";
import { type CliContext, Failure, UsageError } from "../context.ts";
import { collect } from "../flag-values.ts";
import { type Project, withProject } from "../project.ts";
import { csvOf } from "../usage-csv.ts";
import { readCondition, readGroups, readMoment } from "../usage-flags.ts";
import { type UsageReport, usageText } from "../usage-table.ts";

interface UsageFlags {
  readonly by?: readonly LedgerGroup[];
  readonly since?: string;
  readonly until?: string;
  readonly where?: readonly string[];
  readonly csv?: boolean;
  readonly follow?: boolean;
}

const FOLLOW_MS = 2_000;

export function configureUsage(command: Command, context: CliContext): void {
  command
    .option(
      "--by <groups>",
      "comma-separated: model, provider, entry, user, tag, scope, key, outcome, code, hour, day, week, month (default: model)",
      readGroups,
    )
    .option("--since <time>", 'a time span such as 7d, 12h or 30m, a date, or "all"', "30d")
    .option("--until <time>", "a time span before now, or a date (exclusive)")
    .option("--where <field=value>", "only these requests; may be repeated", collect)
    .option("--csv", "print CSV")
    .option("--follow", "print again when the numbers change")
    .addHelpText("after", "\nReads the [ledger] of models.toml. Times are in UTC; costs are in USD.\n")
    .action((flags: UsageFlags) => showUsage(flags, context));
}

async function showUsage(flags: UsageFlags, context: CliContext): Promise<void> {
  if (flags.csv === true && context.flags.json === true) throw new UsageError("--json and --csv exclude each other");
  const where = Object.fromEntries((flags.where ?? []).map(readCondition));
  await withProject(context, async (project) => {
    checkLedger(project, context);
    let shown = "";
    for (;;) {
      const report = await reportOf(project, flags, where, context);
      const numbers = JSON.stringify([report.sums, report.total]);
      if (numbers !== shown) print(report, flags, context, shown !== "");
      shown = numbers;
      if (flags.follow !== true || !(await elapsed(context.signal))) return;
    }
  });
}

async function elapsed(signal: AbortSignal): Promise<boolean> {
  return sleep(FOLLOW_MS, true, { signal }).catch(() => false);
}

function checkLedger({ config, file }: Project, { print }: CliContext): void {
  const { ledger } = config;
  if (ledger === undefined)
    throw new Failure(
      `${print.path(file)} has no [ledger] table, so usage is not recorded`,
      "Add a line [ledger] to it: from then on, each request has a row in .modelwright/ledger.db.",
    );
  if (ledger.store === "sqlite" && !existsSync(ledger.path))
    throw new Failure(
      `no calls are recorded yet: ${print.path(ledger.path)} does not exist`,
      "It is created by the first call of a program that uses this models.toml.",
    );
}

async function reportOf(
  { factory }: Project,
  { by = ["model"], since, until }: UsageFlags,
  where: Readonly<Partial<Record<LedgerField, string>>>,
  { io }: CliContext,
): Promise<UsageReport> {
  const nowMs = io.now?.() ?? Date.now();
  const times = { since: readMoment("--since", since, nowMs), until: readMoment("--until", until, nowMs) };
  if (times.since !== undefined && times.until !== undefined && times.since >= times.until)
    throw new UsageError(
      `--since ${since} is not before --until ${until}`,
      "A time span counts back from now: --since 14d --until 7d is the week before the last.",
    );
  const [total] = await factory.ledger.query({ ...times, where });
  return { ...times, by, where, sums: await factory.ledger.query({ ...times, by, where }), total: total as LedgerSum };
}

function print(
  report: UsageReport,
  flags: UsageFlags,
  { print, flags: { json }, io }: CliContext,
  again: boolean,
): void {
  if (json === true) {
    const { since, until, where: _, ...rest } = report;
    const value = { since: isoOf(since), until: isoOf(until), ...rest };
    if (flags.follow === true) print.line(JSON.stringify(value));
    else print.json(value);
  } else if (flags.csv === true) print.answer(csvOf(report));
  else {
    if (again && io.isTTY) io.stdout.write(CLEAR);
    for (const line of usageText(report, print)) print.line(line);
  }
}

const CLEAR = "\u001b[H\u001b[2J";

function isoOf(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
