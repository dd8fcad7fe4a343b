import type { Command } from "commander";
import type { ConfigProblem } from "../../index.ts";
import { columns } from "../columns.ts";
import { configProblems } from "../config-problems.ts";
import { type CliContext, Exit } from "../context.ts";
import { type EntryRow, entryProblems, entryRows } from "../entry-row.ts";
import { problemReport } from "../error-report.ts";
import type { Paint, Printer } from "../print.ts";
import { openProject, type Project } from "../project.ts";
import { plural } from "../wording.ts";

interface CheckFlags {
  readonly keys?: boolean;
}

export function configureCheck(command: Command, context: CliContext): void {
  command
    .argument("[file]", "the file (default: as --config)")
    .option("--keys", "fail when a model cannot be used, for example because its key is not set")
    .addHelpText("after", "\nExit code 0: the file is correct; 2: it is not. Nothing is sent anywhere.\n")
    .action((file: string | undefined, flags: CheckFlags) => check(file, flags, context));
}

async function check(file: string | undefined, flags: CheckFlags, context: CliContext): Promise<void> {
  const opened = await open(file, context);
  if ("problems" in opened) return tellProblems(opened.problems, context);
  try {
    const rows = await entryRows(opened);
    tellModels(opened, rows, context);
    if (flags.keys === true && rows.some(({ usable }) => !usable)) throw new Exit(2);
  } finally {
    await opened.factory.close();
  }
}

async function open(
  file: string | undefined,
  context: CliContext,
): Promise<Project | { readonly problems: readonly ConfigProblem[] }> {
  try {
    return await openProject(context, file ?? context.flags.config);
  } catch (error) {
    const problems = configProblems(error);
    if (problems === undefined) throw error;
    const isAboutText = problems.some(({ line }) => line > 0);
    if (!isAboutText && context.flags.json !== true) throw error;
    return { problems };
  }
}

async function tellProblems(problems: readonly ConfigProblem[], { print, flags }: CliContext): Promise<never> {
  if (flags.json === true) {
    print.json({ ok: false, problems });
    throw new Exit(2);
  }
  for (const line of await problemReport(problems, print, print.paint)) print.line(line);
  print.line();
  print.line(
    print.paint.red(`${plural(problems.length, "problem")} in ${print.path(problems[0]?.file ?? "models.toml")}`),
  );
  throw new Exit(2);
}

function tellModels(project: Project, rows: readonly EntryRow[], { print, flags }: CliContext): void {
  if (flags.json === true) print.json(correctFile(project, rows));
  else for (const line of correctLines(project, rows, print)) print.line(line);
}

function correctFile({ file, config }: Project, rows: readonly EntryRow[]) {
  const models = rows.map((row) => ({
    ...{ name: row.name, provider: row.provider, model: row.model },
    ...{ ok: row.usable, problems: row.problems, retiresOn: row.retiresOn },
  }));
  return { ok: true, file, profile: config.profile ?? null, defaultModel: config.defaultModel, models };
}

function correctLines({ file, config }: Project, rows: readonly EntryRow[], print: Printer): string[] {
  const { paint } = print;
  const profile = config.profile === undefined ? "" : ` with profile ${config.profile}`;
  const what = `${plural(rows.length, "model")}, default "${config.defaultModel}"`;
  const title = `${paint.green("✓")} ${paint.bold(print.path(file))}${profile} is correct: ${what}`;
  const cells = rows.map((row) => [
    `${row.usable ? paint.green("✓") : paint.yellow("!")} ${row.name}`,
    ...[row.provider, row.model, verdict(row, paint)],
  ]);
  return [title, "", ...columns(undefined, cells, paint), ...entryProblems(rows, print)];
}

function verdict({ usable, retiresOn }: EntryRow, paint: Paint): string {
  if (!usable) return paint.yellow("cannot be used yet");
  return paint.dim(retiresOn === null ? "ok" : `ok, the model retires on ${retiresOn}`);
}
