import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { watchFiles } from "../../config/file-watcher.ts";
import { systemClock } from "../../core/clock.ts";
import { COMMAND } from "../../core/command.ts";
import {
  isRegisteredTypes,
  registeredNames,
  registeredTypes,
  sameTypes,
  TYPES_FILE,
  type TypeDifferences,
  typeDifferences,
} from "../../target/registered-types.ts";
import { configProblems } from "../config-problems.ts";
import { type CliContext, Exit, UsageError } from "../context.ts";
import { reportError } from "../error-report.ts";
import type { Paint } from "../print.ts";
import { configFile, openFile } from "../project.ts";
import { plural } from "../wording.ts";

interface TypesFlags {
  readonly out?: string;
  readonly stdout?: boolean;
  readonly check?: boolean;
  readonly watch?: boolean;
}

export function configureTypes(command: Command, context: CliContext): void {
  command
    .option("-o, --out <file>", `where to write, - for stdout (default: ${TYPES_FILE} beside models.toml)`)
    .addOption(new Option("--stdout", "print the types, write no file").conflicts("out"))
    .addOption(new Option("--check", "write nothing; exit code 1 if the file is stale").conflicts("stdout"))
    .addOption(new Option("-w, --watch", "write again when models.toml changes").conflicts(["stdout", "check"]))
    .addHelpText(
      "after",
      `
With the file, a name that models.toml does not have does not compile in factory.create, nor does an option that the
model does not take. It has the names of all profiles; nothing is sent anywhere and no key is needed.
`,
    )
    .action((flags: TypesFlags) => types(flags, context));
}

async function types(flags: TypesFlags, context: CliContext): Promise<void> {
  const toStdout = flags.stdout === true || flags.out === "-";
  if (toStdout && (flags.check === true || flags.watch === true))
    throw new UsageError("stdout can be neither checked nor watched", "Omit --out -.");
  if (flags.out !== undefined && !toStdout && !/\.[cm]?ts$/.test(flags.out))
    throw new UsageError(`${flags.out} is not a .d.ts file`, "Use a name that ends with .d.ts.");
  if (flags.watch === true) await watch(flags, context);
  else if (toStdout) print(await generate(flags, context), context);
  else if (flags.check === true) check(await generate(flags, context), context);
  else await write(await generate(flags, context), context);
}

/** The current types and the file on disk. */
interface Generated {
  readonly file: string;
  /** Folders to watch. */
  readonly folders: readonly string[];
  readonly out: string;
  readonly names: readonly string[];
  readonly text: string;
  /** Absent if the file does not exist. */
  readonly before: string | undefined;
  readonly differences: TypeDifferences;
  readonly isStale: boolean;
  /** The command that writes the file. */
  readonly command: string;
}

async function generate({ out: given }: TypesFlags, context: CliContext, path?: string): Promise<Generated> {
  const { file, config } = await openFile(context, path);
  const out = given === undefined ? join(dirname(file), TYPES_FILE) : resolve(context.io.cwd, given);
  const text = registeredTypes(config);
  const before = given === "-" ? undefined : await ownTextOf(out, context);
  const isStale = before === undefined || !sameTypes(before, text);
  return {
    ...{ file, out, text, before, isStale, names: registeredNames(config) },
    folders: config.folders,
    differences: typeDifferences(before ?? "", text),
    command: `${COMMAND} types${given === undefined ? "" : ` --out ${given}`}`,
  };
}

/** The content from an earlier run. Other files are not overwritten. */
async function ownTextOf(path: string, { print }: CliContext): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new UsageError(`${print.path(path)} cannot be read (${error.code})`, "Use another --out, or - for stdout.");
  });
  if (text === undefined || text.trim() === "") return undefined;
  if (isRegisteredTypes(text)) return text;
  throw new UsageError(
    `${print.path(path)} exists and was not written by this command`,
    "Use another --out, or remove the file.",
  );
}

function print({ file, names, text }: Generated, context: CliContext): void {
  if (context.flags.json === true) context.print.json({ file, names, text });
  else context.print.text(text);
}

function check(generated: Generated, context: CliContext): void {
  const { print, flags } = context;
  const { file, out, names, before, differences, isStale, command } = generated;
  if (flags.json === true) print.json({ ok: !isStale, file, out, names, ...differences });
  else if (!isStale) print.line(upToDate(generated, context));
  else {
    const { paint } = print;
    const what = before === undefined ? `${print.path(out)} does not exist` : `${paint.bold(print.path(out))} is stale`;
    const changes = before === undefined ? "" : changesOf(differences, paint);
    print.line(`${paint.red("✗")} ${what}${changes}; ${paint.cyan(command)} writes it`);
  }
  if (isStale) throw new Exit(1);
}

async function write(generated: Generated, context: CliContext): Promise<void> {
  const { print, flags } = context;
  const { file, out, names, before, text, differences, isStale } = generated;
  if (isStale) await save(out, text, context);
  // One line per event, so that --watch prints JSON Lines.
  if (flags.json === true) print.line(JSON.stringify({ file, out, written: isStale, names, ...differences }));
  else if (!isStale) print.line(upToDate(generated, context));
  else {
    const { paint } = print;
    const changes = before === undefined ? "" : changesOf(differences, paint);
    print.line(`${paint.green("✓")} wrote ${paint.bold(print.path(out))}: ${plural(names.length, "name")}${changes}`);
    if (before === undefined) print.note(print.notePaint.dim("check that tsconfig.json includes it"));
  }
}

async function save(path: string, text: string, { print }: CliContext): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${print.path(path)} cannot be written (${code})`, "Use another --out, or - for stdout.");
  }
}

function upToDate({ out, names }: Generated, { print }: CliContext): string {
  const { paint } = print;
  return `${paint.green("✓")} ${paint.bold(print.path(out))} is up to date: ${plural(names.length, "name")}`;
}

const MAX_NAMES = 6;

/** ` (+ new, - gone, ~ changed)` */
function changesOf({ added, removed, changed }: TypeDifferences, paint: Paint): string {
  const marked = [
    ...added.map((name) => `+ ${name}`),
    ...removed.map((name) => `- ${name}`),
    ...changed.map((name) => `~ ${name}`),
  ];
  if (marked.length === 0) return "";
  const more = marked.length > MAX_NAMES ? `, and ${marked.length - MAX_NAMES} more` : "";
  return paint.dim(` (${marked.slice(0, MAX_NAMES).join(", ")}${more})`);
}

/** Updates the types until Ctrl-C. An error in the file is reported once and leaves the types unchanged. */
async function watch(flags: TypesFlags, context: CliContext): Promise<void> {
  const { print, signal, io } = context;
  // Without a path there is nothing to watch, so this throws the same error as without --watch.
  const file = (await configFile(context)) ?? (await openFile(context)).file;
  if (!existsSync(dirname(file))) await openFile(context, file);
  if (context.flags.json !== true) print.note(print.notePaint.dim(`watching ${print.path(file)}, Ctrl-C stops it`));
  let folders: readonly string[] = [dirname(file)];
  let isFirst = true;
  let failure: string | undefined;
  const round = async () => {
    try {
      const generated = await generate(flags, context, file);
      folders = generated.folders;
      if (isFirst || failure !== undefined || generated.isStale) await write(generated, context);
      failure = undefined;
    } catch (error) {
      const problems = configProblems(error) ?? [];
      folders = [...folders, ...problems.map((problem) => dirname(resolve(io.cwd, problem.file ?? file)))];
      const words = problems.length > 0 ? JSON.stringify(problems) : String(error);
      if (words !== failure) await reportError(error, context);
      failure = words;
    }
    isFirst = false;
  };
  await round();
  const options = { folders: () => folders.filter((folder) => existsSync(folder)), clock: systemClock };
  using _watcher = watchFiles({ ...options, onChange: round });
  // Picks up changes made before the watcher started.
  await round();
  while (!signal.aborted) await sleep(A_DAY_MS, undefined, { signal }).catch(() => {});
}

const A_DAY_MS = 86_400_000;
