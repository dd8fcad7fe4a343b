import type { Command } from "commander";
import type { Config } from "../../config/load.ts";
import { isUnset } from "../../config/references.ts";
import type { ConfigProblem, LintFinding } from "../../index.ts";
import { columns } from "../columns.ts";
import { configProblems } from "../config-problems.ts";
import { type CliContext, Exit } from "../context.ts";
import { type EntryRow, entryProblems, entryRows } from "../entry-row.ts";
import { problemReport } from "../error-report.ts";
import { isProviderFailure, type OnlineVerdict } from "../listed.ts";
import { checkOnline, isConfigError, onlineText, retirementText, type Verdicts } from "../online.ts";
import type { Paint, Printer } from "../print.ts";
import { openProject, type Project } from "../project.ts";
import { plural } from "../wording.ts";

interface CheckFlags {
  readonly online?: boolean;
  readonly keys?: boolean;
  readonly strict?: boolean;
}

export function configureCheck(command: Command, context: CliContext): void {
  command
    .argument("[file]", "the file (default: as --config)")
    .option("--keys", "fail if a model cannot be used, for example because its key is not set")
    .option("--strict", "fail on warnings too: changed settings, misspelled or retiring models")
    .option("--online", "check keys and model ids with each provider; nothing is billed")
    .addHelpText("after", HELP)
    .action((file: string | undefined, flags: CheckFlags) => check(file, flags, context));
}

const HELP = `
Exit code 0: the file is correct; 2: it is not. Without --online nothing is sent anywhere; with it, a refused key or an
unknown model is 2 as well, and a provider that cannot be reached 1.
`;

async function check(file: string | undefined, flags: CheckFlags, context: CliContext): Promise<void> {
  const opened = await open(file, context);
  if ("problems" in opened) return reportProblems(opened.problems, context);
  try {
    const rows = await entryRows(opened);
    const gateway = gatewayFindings(opened.config);
    const findings = [...opened.factory.lint(), ...gateway];
    const verdicts = flags.online === true ? await checkOnline(opened, rows, context) : undefined;
    await reportModels(opened, rows, findings, verdicts, context);
    const isStrict = (finding: LintFinding) => flags.strict === true && !gateway.includes(finding);
    const statuses = [...(verdicts?.values() ?? [])].map(({ status }) => status);
    const fails = findings.some((finding) => finding.severity === "error" || isStrict(finding));
    const lacksKeys = flags.keys === true && (gateway.length > 0 || rows.some(({ usable }) => !usable));
    if (fails || lacksKeys || statuses.some(isConfigError)) throw new Exit(2);
    if (statuses.some(isProviderFailure)) throw new Exit(1);
  } finally {
    await opened.factory.close();
  }
}

/** Keys of the gateway that cannot be used. Those that are not set are warnings: like keys of models, they may be set elsewhere. */
function gatewayFindings(config: Config): readonly LintFinding[] {
  try {
    void config.gateway;
    return [];
  } catch (error) {
    const problems = configProblems(error);
    if (problems === undefined) throw error;
    return problems.map((problem) => {
      return { severity: isUnset(problem.message) ? "warning" : "error", model: "", ...problem };
    });
  }
}

async function open(
  file: string | undefined,
  context: CliContext,
): Promise<Project | { readonly problems: readonly ConfigProblem[] }> {
  try {
    return await openProject(context, { path: file ?? context.flags.config, readOnly: true });
  } catch (error) {
    const problems = configProblems(error);
    if (problems === undefined) throw error;
    const isAboutText = problems.some(({ line }) => line > 0);
    if (!isAboutText && context.flags.json !== true) throw error;
    return { problems };
  }
}

async function reportProblems(problems: readonly ConfigProblem[], { print, flags }: CliContext): Promise<never> {
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

async function reportModels(
  project: Project,
  rows: readonly EntryRow[],
  findings: readonly LintFinding[],
  verdicts: Verdicts | undefined,
  { print, flags, io }: CliContext,
): Promise<void> {
  if (flags.json === true) {
    print.json(correctFile(project, rows, findings, verdicts));
    return;
  }
  print.lines(correctLines(project, rows, findings, verdicts, print, io.now?.() ?? Date.now()));
  if (findings.length === 0) return;
  print.line();
  for (const line of await problemReport(findings, print, print.paint)) print.line(line);
  print.line();
  print.line(countOf(findings, print.paint));
}

function countOf(findings: readonly LintFinding[], paint: Paint): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  return [
    ...(errors > 0 ? [paint.red(plural(errors, "error"))] : []),
    ...(warnings > 0 ? [paint.yellow(plural(warnings, "warning"))] : []),
  ].join(", ");
}

function correctFile(
  { file, config }: Project,
  rows: readonly EntryRow[],
  findings: readonly LintFinding[],
  verdicts: Verdicts | undefined,
) {
  const models = rows.map((row) => {
    const online = verdicts?.get(row.name);
    return {
      ...{ name: row.name, provider: row.provider, model: row.model },
      ...{ ok: row.usable && !isConfigError(online?.status), problems: row.problems, retiresOn: row.retiresOn },
      ...(online !== undefined && { online }),
    };
  });
  const ok = findings.every(({ severity }) => severity !== "error");
  return { ok, file, profile: config.profile ?? null, defaultModel: config.defaultModel, models, findings };
}

function correctLines(
  { file, config }: Project,
  rows: readonly EntryRow[],
  findings: readonly LintFinding[],
  verdicts: Verdicts | undefined,
  print: Printer,
  nowMs: number,
): string[] {
  const { paint } = print;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const profile = config.profile === undefined ? "" : ` with profile ${config.profile}`;
  const models = [plural(rows.length, "model"), ...config.discovering.map((provider) => `those of ${provider}`)];
  const standard = config.defaultModel === "" ? "no default" : `default "${config.defaultModel}"`;
  const what = `${models.join(" and ")}, ${standard}`;
  const verdict = errors === 0 ? "is correct" : `cannot work everywhere (${plural(errors, "error")} below)`;
  const mark = errors === 0 ? paint.green("✓") : paint.red("✗");
  const title = `${mark} ${paint.bold(print.path(file))}${profile} ${verdict}: ${what}`;
  const cells = rows.map((row) => {
    const online = verdicts?.get(row.name);
    const own = findings.filter(({ model }) => model === row.name);
    const state = onlineText(online, paint, nowMs) ?? stateOf(row, own, paint, nowMs);
    const mark = markOf(row, own, online);
    return [`${paint[COLOR[mark]](mark)} ${row.name}`, row.provider, row.model, state];
  });
  return [title, "", ...columns(undefined, cells, print, NAME_AND_STATE), ...entryProblems(rows, print)];
}

const NAME_AND_STATE = [0, 3];

function stateOf(
  { usable, retiresOn }: EntryRow,
  findings: readonly LintFinding[],
  paint: Paint,
  nowMs: number,
): string {
  if (!usable) return paint.yellow("cannot be used yet");
  if (findings.some(({ severity }) => severity === "error")) return countOf(findings, paint);
  return (
    retirementText(retiresOn, nowMs, paint) ?? (findings.length === 0 ? paint.dim("ok") : countOf(findings, paint))
  );
}

const COLOR = { "✗": "red", "!": "yellow", "✓": "green" } as const;

function markOf(
  { usable }: EntryRow,
  findings: readonly LintFinding[],
  online: OnlineVerdict | undefined,
): keyof typeof COLOR {
  if (isConfigError(online?.status) || findings.some(({ severity }) => severity === "error")) return "✗";
  return usable && findings.length === 0 && (online?.status ?? "ok") === "ok" ? "✓" : "!";
}
