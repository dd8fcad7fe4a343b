import { readFile } from "node:fs/promises";
import { CommanderError } from "commander";
import { COMMAND } from "../core/command.ts";
import type { ConfigProblem, ModelError } from "../index.ts";
import { configProblems } from "./config-problems.ts";
import type { CliContext } from "./context.ts";
import { Exit, Failure, UsageError } from "./context.ts";
import type { Paint, Printer } from "./print.ts";
import { printable, printableLine } from "./printable.ts";
import { duration, plural } from "./wording.ts";

/** Prints an error: what happened, where, and what to do. Returns the exit code. */
export async function reportError(error: unknown, context: CliContext): Promise<number> {
  if (error instanceof Exit) return error.exitCode;
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const report = await reportFor(error, context);
  if (context.flags.json === true) context.print.note(JSON.stringify({ error: report.json }));
  else for (const line of report.lines) context.print.note(line);
  if (context.flags.debug === true && error instanceof Error)
    context.print.note(context.print.notePaint.dim(printable(error.stack ?? "")));
  return report.exitCode;
}

interface ErrorReport {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly json: unknown;
}

async function reportFor(error: unknown, context: CliContext): Promise<ErrorReport> {
  const { print } = context;
  const paint = print.notePaint;
  const problems = configProblems(error);
  if (problems !== undefined)
    return { exitCode: 2, lines: await problemReport(problems, print, paint), json: { type: "config", problems } };
  if (error instanceof Error && error.name === "ModelError") {
    const report = await modelErrorReport(error as ModelError, paint);
    // After Ctrl-C, an explanation is noise.
    return context.signal.aborted ? { ...report, lines: [paint.dim("stopped")] } : report;
  }
  if (error instanceof CommanderError) return commanderReport(error, paint);
  if (error instanceof UsageError) return plainReport(2, "usage", error.message, error.advice, paint);
  if (error instanceof Failure) return plainReport(1, "error", error.message, error.advice, paint);
  const advice = context.flags.debug === true ? undefined : "Run it again with --debug to see the stack trace.";
  return plainReport(1, "error", error instanceof Error ? error.message : String(error), advice, paint);
}

/** Commander prints its suggestion on a separate line: "(Did you mean --model?)". */
function commanderReport({ message }: CommanderError, paint: Paint): ErrorReport {
  const [first = "", ...rest] = message.replace(/^error: /, "").split("\n");
  const meant = /^\(Did you mean (.+)\?\)$/.exec(rest.join(" "))?.[1];
  const advice = meant === undefined ? `${COMMAND} --help lists commands and flags.` : `did you mean ${meant}?`;
  return plainReport(2, "usage", first, advice, paint);
}

function plainReport(
  exitCode: number,
  type: string,
  message: string,
  advice: string | undefined,
  paint: Paint,
): ErrorReport {
  const lines = [`${paint.red("error:")} ${printable(message)}`];
  if (advice !== undefined) lines.push(labelled("do", advice, paint));
  return { exitCode, lines, json: { type, message, ...(advice !== undefined && { advice }) } };
}

async function modelErrorReport(error: ModelError, paint: Paint): Promise<ErrorReport> {
  const { adviceFor } = await import("./advice.ts");
  const advice = adviceFor(error);
  const { code, message, model, provider, status, requestId, retryAfterMs, phase, attempts, partial } = error;
  const where = placeOf(error);
  const lines = [`${paint.red(`error: ${code}`)}: ${printableLine(headOf(error))}`];
  if (error.errors.length > 1) for (const one of error.errors) lines.push(`  ${printableLine(lineOf(one))}`);
  if (where !== "") lines.push(labelled("where", where, paint));
  lines.push(labelled("do", advice, paint));
  const isUsage = code === "invalid_request" && attempts.length === 0;
  const json = {
    type: "model",
    code,
    message,
    model,
    provider,
    status,
    requestId,
    retryAfterMs,
    phase,
    advice,
    attempts,
    partial,
  };
  return { exitCode: isUsage ? 2 : 1, lines, json };
}

/** The first line of a message about several failures, which are printed on their own lines. */
function headOf({ message, errors }: ModelError): string {
  return errors.length > 1 && message.startsWith("All ") ? (message.split("\n", 1)[0] ?? message) : message;
}

function lineOf({ model, code, message }: ModelError): string {
  return `${model ?? "?"}: ${code}: ${message}`;
}

function placeOf({ model, provider, status, requestId, phase, retryAfterMs, attempts }: ModelError): string {
  const parts = [
    model,
    provider,
    status === undefined ? undefined : `HTTP ${status}`,
    phase === undefined ? undefined : `${phase} clock`,
    requestId === undefined ? undefined : `request ${requestId}`,
    attempts.length > 1 ? plural(attempts.length, "attempt") : undefined,
    retryAfterMs === undefined ? undefined : `retry after ${duration(retryAfterMs)}`,
  ];
  return printableLine(parts.filter((part) => part !== undefined).join(" · "));
}

function labelled(label: string, text: string, paint: Paint): string {
  return `  ${paint.dim(label.padEnd(5))}  ${text}`;
}

/** Every problem with its position, excerpt and suggestion. The default severity is error. */
export async function problemReport(
  problems: readonly (ConfigProblem & { readonly severity?: "error" | "warning" })[],
  print: Printer,
  paint: Paint,
): Promise<string[]> {
  const texts = await textsOf(problems);
  const { codeFrame } = await import("./code-frame.ts");
  return problems.flatMap((problem, index) => {
    const { file, line, column, message, severity } = problem;
    const kind = severity === "warning" ? paint.yellow("warning:") : paint.red("error:");
    const place = line > 0 ? `${paint.bold(`${print.path(file ?? "models.toml")}:${line}:${column}`)}: ` : "";
    const text = line > 0 ? texts.get(file ?? "") : undefined;
    return [
      ...(index > 0 ? [""] : []),
      `${place}${kind} ${printableLine(message)}`,
      ...(text === undefined ? [] : codeFrame(text, line, column, paint).map((row) => `  ${row}`)),
      ...adviceOn(problem, paint),
    ];
  });
}

function adviceOn({ message, suggestion }: ConfigProblem, paint: Paint): string[] {
  if (suggestion !== undefined)
    return [labelled("do", `did you mean ${paint.green(printableLine(`"${suggestion}"`))}?`, paint)];
  const variable = /^the environment variable (\w+) is not set/.exec(message)?.[1];
  return variable === undefined ? [] : [labelled("do", `set ${variable}, or add ${variable}=... to .env`, paint)];
}

async function textsOf(problems: readonly ConfigProblem[]): Promise<ReadonlyMap<string, string>> {
  const files = new Set(problems.flatMap(({ file, line }) => (file === undefined || line === 0 ? [] : [file])));
  const texts = await Promise.all(
    [...files].map(async (file) => [file, await readFile(file, "utf8").catch(() => "")] as const),
  );
  return new Map(texts);
}
