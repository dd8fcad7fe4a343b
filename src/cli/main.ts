import { join } from "node:path";
import { Command } from "commander";
import { loadDotEnv } from "../config/dotenv.ts";
import type { CliContext, GlobalFlags } from "./context.ts";
import { reportError } from "./error-report.ts";
import type { Io } from "./io.ts";
import { packageVersion } from "./package-version.ts";
import { Printer } from "./print.ts";

export type { Input, Io, Output } from "./io.ts";

/** Gives a command its arguments, flags and action. */
type Configure = (command: Command, context: CliContext) => void;

interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Configure>;
}

/** Only the module of the command that is asked for is loaded. */
const COMMANDS: readonly CommandRow[] = [
  {
    name: "run",
    summary: "ask a model once; the answer streams to stdout",
    load: async () => (await import("./commands/run.ts")).configureRun,
  },
  { name: "chat", summary: "talk with a model", load: async () => (await import("./commands/chat.ts")).configureChat },
  {
    name: "check",
    summary: "find every mistake of models.toml, and missing keys",
    load: async () => (await import("./commands/check.ts")).configureCheck,
  },
  {
    name: "models",
    summary: "list the entries, what providers offer, or what the catalog knows",
    load: async () => (await import("./commands/models.ts")).configureModels,
  },
  {
    name: "catalog",
    summary: "show, update or clear the facts about models that are not shipped",
    load: async () => (await import("./commands/catalog.ts")).configureCatalog,
  },
  {
    name: "explain",
    summary: "show where an entry's values come from and what it sends",
    load: async () => (await import("./commands/explain.ts")).configureExplain,
  },
  {
    name: "init",
    summary: "write a models.toml for the keys that are found",
    load: async () => (await import("./commands/init.ts")).configureInit,
  },
  {
    name: "schema",
    summary: "print the JSON Schema of models.toml",
    load: async () => (await import("./commands/schema.ts")).configureSchema,
  },
  {
    name: "types",
    summary: "write the names of models.toml as TypeScript types",
    load: async () => (await import("./commands/types.ts")).configureTypes,
  },
  {
    name: "simulate",
    summary: "serve simulated models on this machine, without keys",
    load: async () => (await import("./commands/simulate.ts")).configureSimulate,
  },
];

/**
 * Runs one command line (without the two words for node and the script). Gives the exit code: 0 done, 1 failed, 2 wrong
 * usage or configuration. Never throws.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const ending = watchEnd(io);
  const flags: GlobalFlags = { json: argv.includes("--json"), debug: argv.includes("--debug") };
  const print = new Printer(io, argv.includes("--no-color") ? false : undefined);
  const context: CliContext = { io, print, env: { ...io.env }, flags, signal: ending.signal };
  try {
    return await perform(argv, context, flags);
  } catch (error) {
    return ending.unheard ? 0 : await reportError(error, context);
  } finally {
    print.idle();
  }
}

async function perform(argv: readonly string[], context: CliContext, flags: GlobalFlags): Promise<number> {
  loadDotEnv(join(context.io.cwd, ".env"), context.env);
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

function programFor(print: Printer): Command {
  return new Command("modelwright")
    .description("One models.toml declares the models a program uses; this shows, checks and calls them.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .option("-c, --config <file>", "the models.toml to use (default: MODELWRIGHT_CONFIG, or the nearest upwards)")
    .option("--profile <name>", "lay [profiles.NAME] over it (default: MODELWRIGHT_PROFILE)")
    .option("--json", "print the result as JSON")
    .option("--no-color", "no colours (NO_COLOR and FORCE_COLOR hold too)")
    .option("--debug", "show where an error comes from")
    .configureHelp({ showGlobalOptions: true, styleTitle: (text) => print.paint.bold(text) })
    .configureOutput({
      writeOut: (text) => print.text(text),
      // Errors are told by reportError, in one form for all of them.
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(print.columns, 100),
      getOutHasColors: () => print.paint.isColorSupported,
    })
    .exitOverride();
}

/** The end of a command from outside: Ctrl-C, or a reader of the output that went away (`| head`). */
function watchEnd({ stdout, stderr, interrupted }: Io): { readonly signal: AbortSignal; readonly unheard: boolean } {
  const controller = new AbortController();
  const state = { signal: controller.signal, unheard: false };
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    state.unheard = error.code === "EPIPE";
    controller.abort(error);
  });
  stderr.on("error", () => {});
  if (interrupted?.aborted === true) controller.abort();
  interrupted?.addEventListener("abort", () => controller.abort(), { once: true });
  return state;
}
