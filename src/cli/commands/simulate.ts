import type { Command } from "commander";
import { WIRE_NAMES } from "../../core/wire-name.ts";
import { type Simulator, startSimulator } from "../../simulator/server.ts";
import { type CliContext, UsageError } from "../context.ts";
import { readDuration, readPort } from "../flag-values.ts";
import type { Printer } from "../print.ts";

interface SimulateFlags {
  readonly port: number;
  readonly delay: number;
  readonly seed?: string;
}

export function configureSimulate(command: Command, context: CliContext): void {
  command
    .option("-p, --port <number>", "port on 127.0.0.1; 0 for a free one", readPort, 0)
    .option("--delay <time>", "wait between the events of a stream: 20 (milliseconds), 20ms, 1s", readDuration, 0)
    .option("--seed <text>", "seed of the generated answers")
    .addHelpText(
      "after",
      '\nAnswers are made up and the same for the same request; any key is accepted but "invalid".\n',
    )
    .action((flags: SimulateFlags) => simulate(flags, context));
}

const PORT_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program",
  EACCES: "needs privileges that this user does not have",
};

async function simulate({ port, delay, seed }: SimulateFlags, context: CliContext): Promise<void> {
  const simulator = await startSimulator({ port, delayMs: delay, ...(seed !== undefined && { seed }) }).catch(
    (error: NodeJS.ErrnoException) => {
      const problem = PORT_PROBLEMS[error.code ?? ""];
      if (problem !== undefined)
        throw new UsageError(`port ${port} ${problem}`, "Use another --port, or 0 for a free one.");
      throw error;
    },
  );
  announce(simulator, context);
  await ended(context.signal);
  const count = simulator.requests.length;
  await simulator.close();
  if (context.flags.json !== true) context.print.note(`stopped after ${count} request${count === 1 ? "" : "s"}`);
}

function announce(simulator: Simulator, { print, flags }: CliContext): void {
  const baseUrls = Object.fromEntries(WIRE_NAMES.map((wire) => [wire, simulator.baseUrl(wire)]));
  if (flags.json === true) print.json({ url: simulator.url, baseUrls });
  else announceInWords(simulator, print);
}

function announceInWords(simulator: Simulator, print: Printer): void {
  const { paint } = print;
  print.line(`simulator on ${paint.bold(simulator.url)}`);
  print.line();
  print.line(paint.dim("  wire              base_url"));
  for (const wire of WIRE_NAMES) print.line(`  ${wire.padEnd(16)}  ${paint.cyan(simulator.baseUrl(wire))}`);
  print.line();
  print.line(paint.dim("  try it"));
  print.line(`  ${curlLine(simulator.baseUrl("openai"))}`);
  print.line();
  print.note(print.notePaint.dim("Ctrl-C stops it"));
}

function curlLine(baseUrl: string): string {
  return `curl -s ${baseUrl}/chat/completions -H 'content-type: application/json' -d '{"model":"any","messages":[{"role":"user","content":"Hello"}]}'`;
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
