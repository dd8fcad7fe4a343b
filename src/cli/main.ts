import { join } from "node:path";
import type { Command } from "commander";
import { loadDotEnv } from "../config/dotenv.ts";
import type { CliContext, GlobalFlags } from "./context.ts";
import type { Io, Output } from "./io.ts";
import { packageVersion } from "./package-version.ts";
import { Printer } from "./print.ts";

export type { Input, Io, Output } from "./io.ts";

/** Defines the arguments, flags and action of a command. */
type Configure = (command: Command, context: CliContext) => void;

interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Configure>;
}

/** Only the module of the requested command is loaded. */
const COMMANDS: readonly CommandRow[] = [
  {
    name: "run",
    summary: "send one prompt and stream the answer to stdout",
    load: async () => (await import("./commands/run.ts")).configureRun,
  },
  { name: "chat", summary: "chat with a model", load: async () => (await import("./commands/chat.ts")).configureChat },
  {
    name: "check",
    summary: "report every error of models.toml, and missing keys",
    load: async () => (await import("./commands/check.ts")).configureCheck,
  },
  {
    name: "models",
    summary: "list the entries, the models of providers, or the catalog",
    load: async () => (await import("./commands/models.ts")).configureModels,
  },
  {
    name: "catalog",
    summary: "show, update or clear the facts about models",
    load: async () => (await import("./commands/catalog.ts")).configureCatalog,
  },
  {
    name: "explain",
    summary: "show where the values of an entry come from, and its request",
    load: async () => (await import("./commands/explain.ts")).configureExplain,
  },
  {
    name: "budgets",
    summary: "show what the budgets have spent, and what is left",
    load: async () => (await import("./commands/budgets.ts")).configureBudgets,
  },
  {
    name: "usage",
    summary: "show tokens and cost of all recorded calls",
    load: async () => (await import("./commands/usage.ts")).configureUsage,
  },
  {
    name: "init",
    summary: "write a models.toml for your providers",
    load: async () => (await import("./commands/init.ts")).configureInit,
  },
  {
    name: "schema",
    summary: "print the JSON Schema of models.toml",
    load: async () => (await import("./commands/schema.ts")).configureSchema,
  },
  {
    name: "types",
    summary: "write TypeScript types for the names of models.toml",
    load: async () => (await import("./commands/types.ts")).configureTypes,
  },
  {
    name: "serve",
    summary: "serve the models of models.toml to clients of OpenAI, Anthropic and Gemini",
    load: async () => (await import("./commands/serve.ts")).configureServe,
  },
  {
    name: "simulate",
    summary: "serve simulated models on localhost, without keys",
    load: async () => (await import("./commands/simulate.ts")).configureSimulate,
  },
];

/**
 * Runs a command line, given without the node and script paths. Returns the exit code: 0 success, 1 failure, 2 invalid
 * usage or configuration. Never throws.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const ending = watchEnd(io);
  const flags: GlobalFlags = { json: argv.includes("--json"), debug: argv.includes("--debug") };
  const print = new Printer(io, argv.includes("--no-color") ? false : undefined);
  const context: CliContext = { io, print, env: { ...io.env }, flags, signal: ending.signal };
  const exitCode = await perform(argv, context, flags)
    .catch((error: unknown) => reportUnlessEnded(error, context, ending))
    .finally(() => print.end());
  await ending.written();
  if (ending.failure === undefined) return exitCode;
  print.note(
    `${print.notePaint.red("error:")} the output could not be written (${ending.failure.code ?? ending.failure.message})`,
  );
  return 1;
}

async function reportUnlessEnded(error: unknown, context: CliContext, { readerGone }: Ending): Promise<number> {
  if (readerGone) return 0;
  const { reportError } = await import("./error-report.ts");
  const exitCode = await reportError(error, context);
  const { interrupted } = context.io;
  return interrupted?.aborted === true ? signalExitCode(interrupted.reason) : exitCode;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** 128 plus the signal number, as shells report it. */
function signalExitCode(signal: unknown): number {
  return SIGNALS[String(signal)] ?? 130;
}

const VERSION_FLAGS = ["-V", "--version"];

async function perform(argv: readonly string[], context: CliContext, flags: GlobalFlags): Promise<number> {
  // A fast path without any imports: scripts and editors run this often.
  if (argv.length === 1 && VERSION_FLAGS.includes(argv[0] ?? "")) {
    context.print.line(packageVersion());
    return 0;
  }
  loadDotEnv(join(context.io.cwd, ".env"), context.env);
  const { programFor } = await import("./program.ts");
  const program = programFor(context.print);
  program.hook("preAction", () => void Object.assign(flags, program.opts()));
  for (const { name, summary, load } of COMMANDS) {
    const command = program
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`);
    if (argv.includes(name)) (await load())(command, context);
  }
  if (argv.length === 0) program.outputHelp();
  else await program.parseAsync([...argv], { from: "user" });
  return 0;
}

/** External reasons to end a command: Ctrl-C, a closed pipe (`| head`) or a full disk. */
interface Ending {
  readonly signal: AbortSignal;
  readonly readerGone: boolean;
  /** Why the output could not be written. */
  readonly failure: NodeJS.ErrnoException | undefined;
  /** Resolves when all output was written or failed. */
  written(): Promise<void>;
}

function watchEnd({ stdout, stderr, interrupted }: Io): Ending {
  const controller = new AbortController();
  const state = {
    signal: controller.signal,
    readerGone: false,
    failure: undefined as NodeJS.ErrnoException | undefined,
    written: () => (state.readerGone || state.failure !== undefined ? Promise.resolve() : flushed(stdout)),
  };
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") state.readerGone = true;
    else state.failure ??= error;
    controller.abort(error);
  });
  stderr.on("error", () => {});
  if (interrupted?.aborted === true) controller.abort();
  interrupted?.addEventListener("abort", () => controller.abort(), { once: true });
  return state;
}

function flushed(stdout: Output): Promise<void> {
  return new Promise((resolve) => {
    stdout.once("error", () => resolve());
    stdout.write("", () => resolve());
  });
}
