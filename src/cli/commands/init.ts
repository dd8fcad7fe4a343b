import { access, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { COMMAND } from "../../core/command.ts";
import { columns } from "../columns.ts";
import { type CliContext, UsageError } from "../context.ts";
import { type Choice, InitDialogue } from "../init-dialogue.ts";
import { SIMULATED_ENTRY, starterFile } from "../starter-file.ts";
import { type Starter, startersFor } from "../starters.ts";

interface InitFlags {
  readonly force?: boolean;
  readonly yes?: boolean;
}

export function configureInit(command: Command, context: CliContext): void {
  command
    .argument("[file]", "where to write", "models.toml")
    .option("--force", "overwrite an existing file")
    .option("-y, --yes", "ask nothing; write an entry for each key that is found")
    .action((file: string, flags: InitFlags) => init(file, flags, context));
}

async function init(file: string, flags: InitFlags, context: CliContext): Promise<void> {
  const path = resolve(context.io.cwd, file);
  const dialogue = isInteractive(flags, context) ? await InitDialogue.open(context) : undefined;
  let overwrite = flags.force === true;
  if (!overwrite && (await exists(path))) {
    if (dialogue === undefined) throw alreadyThere(path, context);
    await dialogue.mayOverwrite(context.print.path(path));
    overwrite = true;
  }
  const starters = startersFor(context.env);
  const { entries, defaultModel = SIMULATED_ENTRY } = (await dialogue?.choose(starters)) ?? defaultChoice(starters);
  const installed = await schemaFor(path);
  const text = starterFile(entries, defaultModel, installed ?? `./${SCHEMA_FILE}`);
  // "wx" also rejects a dangling link.
  await writeFile(path, text, { flag: overwrite ? "w" : "wx" }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? alreadyThere(path, context) : error;
  });
  const schema = installed === undefined ? await writeSchema(dirname(path)) : undefined;
  const written: Written = { path, schema, entries, defaultModel };
  if (context.flags.json === true) tellJson(written, context);
  else await reportWritten(written, dialogue, context);
}

function defaultChoice(starters: readonly Starter[]): Choice {
  const entries = starters.filter(({ isReady }) => isReady);
  return entries[0] === undefined ? { entries } : { entries, defaultModel: entries[0].entry };
}

function alreadyThere(path: string, { print }: CliContext): UsageError {
  return new UsageError(`${print.path(path)} already exists`, "Use --force to overwrite it, or another file name.");
}

function isInteractive(flags: InitFlags, { io, flags: { json } }: CliContext): boolean {
  return flags.yes !== true && json !== true && io.isTTY && io.stdin.isTTY === true;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const SCHEMA_FILE = "models.schema.json";

/** The location of the schema for the editor: next to the file, or in an installed package. */
async function schemaFor(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  if (await exists(join(folder, SCHEMA_FILE))) return `./${SCHEMA_FILE}`;
  const { findUp } = await import("find-up-simple");
  const installed = await findUp(`node_modules/modelwright/schemas/${SCHEMA_FILE}`, { cwd: folder });
  if (installed === undefined) return undefined;
  const way = relative(folder, installed).replaceAll("\\", "/");
  return way.startsWith(".") ? way : `./${way}`;
}

/** Without an installed package, the first line of the file points to a schema next to it. */
async function writeSchema(folder: string): Promise<string> {
  const { editorSchema } = await import("../../target/editor-schema.ts");
  const path = join(folder, SCHEMA_FILE);
  await writeFile(path, `${JSON.stringify(editorSchema(), null, 2)}\n`);
  return path;
}

interface Written {
  readonly path: string;
  /** The path of the schema, if it was written. */
  readonly schema: string | undefined;
  readonly entries: readonly Starter[];
  readonly defaultModel: string;
}

function tellJson({ path, schema, entries, defaultModel }: Written, { print }: CliContext): void {
  print.json({
    ...{ file: path, schema: schema ?? null, defaultModel, providers: entries.map(({ provider }) => provider) },
    models: entries.map(({ entry, provider, model }) => ({ entry, provider, name: model })),
    missingKeys: missingKeys(entries),
  });
}

async function reportWritten(written: Written, dialogue: InitDialogue | undefined, context: CliContext): Promise<void> {
  const { print } = context;
  const { paint } = print;
  const { path, schema, entries } = written;
  const also = schema === undefined ? "" : ` and ${print.path(schema)} for your editor`;
  const done = `${paint.green("✓")} wrote ${paint.bold(print.path(path))}${also} ${paint.dim(`(${whatWasFound(entries)})`)}`;
  if (dialogue === undefined) print.line(`${done}\n`);
  else dialogue.close(done);
  const steps = stepsAfter(written).map(([command, meaning]) => [paint.cyan(command), paint.dim(meaning)]);
  for (const line of columns(undefined, steps, print)) print.line(line);
  const hints = await hintsAfter(written, context);
  if (hints.length > 0) print.line();
  for (const hint of hints) print.line(`${paint.yellow("!")} ${hint}`);
}

function whatWasFound(entries: readonly Starter[]): string {
  if (entries.length === 0) return "no provider keys found; the simulator answers without one";
  const keys = entries.flatMap(({ isReady, variable }) => (isReady && variable !== undefined ? [variable] : []));
  return keys.length === 0 ? "no keys found yet" : `keys found: ${keys.join(", ")}`;
}

function stepsAfter({ entries, defaultModel }: Written): readonly (readonly [string, string])[] {
  const isReady = missingKeys(entries.filter(({ entry }) => entry === defaultModel)).length === 0;
  return [
    [`${COMMAND} check`, "check the file and the keys"],
    ...(isReady ? [[`${COMMAND} run "Hello"`, `ask "${defaultModel}"`] as const] : []),
    ...(entries.length > 0
      ? [[`${COMMAND} run --profile ci "Hello"`, "the same with the simulator, without a key"] as const]
      : []),
    [`${COMMAND} explain ${defaultModel}`, "show the request"],
    [`${COMMAND} types`, "TypeScript types for these names"],
  ];
}

async function hintsAfter({ path, entries }: Written, { io }: CliContext): Promise<readonly string[]> {
  const missing = missingKeys(entries);
  const usesDotEnv = missing.length > 0 || (await exists(join(io.cwd, ".env")));
  const words = `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set`;
  return [
    ...(missing.length === 0 ? [] : [`${words}: set it in the environment or in .env`]),
    ...(usesDotEnv && (await wouldCommit(dirname(path)))
      ? [".env is not in .gitignore: its keys would be committed"]
      : []),
  ];
}

/** Whether git would track a `.env` in this folder. */
async function wouldCommit(folder: string): Promise<boolean> {
  const { findUp } = await import("find-up-simple");
  const git = await findUp(".git", { cwd: folder, type: "directory" });
  if (git === undefined) return false;
  const files = [join(folder, ".gitignore"), join(dirname(git), ".gitignore")];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return !texts.some((text) => /^\/?\.env(?:\*|\.\*)?\s*$/m.test(text));
}

function missingKeys(entries: readonly Starter[]): string[] {
  return entries.flatMap(({ isReady, variable }) => (isReady || variable === undefined ? [] : [variable]));
}
