import type { Command } from "commander";
import { COMMAND } from "../../core/command.ts";
import { WIRE_NAMES } from "../../core/wire-name.ts";
import type { AccessRecord } from "../../gateway/access-log.ts";
import { isLoopback } from "../../gateway/browser-guard.ts";
import { gateway } from "../../gateway/gateway.ts";
import { type Listening, listen } from "../../gateway/node-server.ts";
import { exampleFile } from "../../gateway/source.ts";
import { type CliContext, UsageError } from "../context.ts";
import { readPort } from "../flag-values.ts";
import { baseUrls, gatewayLines } from "../gateway-text.ts";
import { LineCollector } from "../line-collector.ts";
import { configFile, openProject, type Project } from "../project.ts";

interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
  readonly watch?: boolean;
}

export function configureServe(command: Command, context: CliContext): void {
  command
    .option("--host <address>", "loopback address to listen on (default: [gateway] host, or 127.0.0.1)")
    .option("-p, --port <number>", "port to listen on; 0 for a free one (default: [gateway] port, or 4000)", readPort)
    .option("-w, --watch", "use changes of models.toml without a restart")
    .addHelpText(
      "after",
      "\nWithout a models.toml it serves the simulated models of an example. SIGTERM and Ctrl-C let requests in flight end.\n",
    )
    .action((flags: ServeFlags) => serve(flags, context));
}

async function serve(flags: ServeFlags, context: CliContext): Promise<void> {
  const path = (await configFile(context)) ?? exampleFile();
  const project = await openProject(context, { path });
  try {
    await served(project, flags, context);
  } finally {
    await project.factory.close();
  }
}

async function served(project: Project, flags: ServeFlags, context: CliContext): Promise<void> {
  const { factory, config } = project;
  const { host = config.gateway.host, port = config.gateway.port } = flags;
  refuseOthers(host, config.gateway.keys.length > 0);
  const log = new LineCollector(context.print);
  const accessLog = (record: AccessRecord) => log.add(JSON.stringify(record));
  const server = await listeningOn(host, port, () => listen(gateway({ factory, accessLog }), host, port));
  const flush = () => log.flush();
  process.once("exit", flush);
  if (flags.watch === true) watch(project, context);
  announce(project, server, context);
  await ended(context.signal);
  await server.close();
  process.off("exit", flush);
  log.flush();
}

/** Without keys, everyone who reaches the address could spend the user's money. */
function refuseOthers(host: string, hasKeys: boolean): void {
  if (isLoopback(host) || hasKeys) return;
  throw new UsageError(
    `${host} is not a loopback address, and the gateway has no keys`,
    'Write keys into models.toml, such as [gateway.keys.ann] with key = "env:ANN_KEY", or use --host 127.0.0.1.',
  );
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program",
  EACCES: "needs privileges that this user does not have",
};

async function listeningOn(host: string, port: number, start: () => Promise<Listening>): Promise<Listening> {
  try {
    return await start();
  } catch (error) {
    const problem = PROBLEMS[(error as NodeJS.ErrnoException).code ?? ""];
    if (problem !== undefined)
      throw new UsageError(`port ${port} ${problem}`, "Use another --port, or 0 for a free one.");
    throw new UsageError(`cannot listen on ${host}: ${(error as Error).message}`);
  }
}

/** The factory logs what changed; here a person is watching. */
function watch({ factory }: Project, { print }: CliContext): void {
  factory.watch((event) => {
    if (event.type === "reloaded") print.note(print.notePaint.dim("models.toml reloaded"));
    else print.note(`${print.notePaint.red("models.toml not reloaded:")} ${event.error.message}`);
  });
}

function announce({ config, file }: Project, { url }: Listening, { print, flags }: CliContext): void {
  const names = [...config.names, ...config.groups, ...Object.keys(config.aliases)];
  if (flags.json === true) print.json({ url, baseUrls: baseUrls(url, WIRE_NAMES), models: names });
  else {
    const shown = file === exampleFile() ? `an example; write your own with "${COMMAND} init"` : print.path(file);
    print.lines(gatewayLines({ url, names, file: shown, hasKeys: config.gateway.keys.length > 0, paint: print.paint }));
    print.note(print.notePaint.dim("Ctrl-C stops it"));
  }
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
