// One process for everything the pages show: node run-jobs.ts JOBS RESULTS. Modules and command lines run one after the other.
import { readFileSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import "./package-sources.ts";

export interface Job {
  readonly id: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A module to import, or */
  readonly module?: string;
  /** arguments of the command line. */
  readonly argv?: readonly string[];
}

export interface Result {
  readonly output: string;
  readonly error?: string;
  readonly exitCode?: number;
}

const BASE_ENV = { ...process.env };

async function perform(job: Job): Promise<Result> {
  process.chdir(job.cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  // What the developer has fetched with `modelwright catalog update` must not change what the pages say.
  const cache = { XDG_CACHE_HOME: "/nowhere/cache" };
  Object.assign(process.env, { PATH: BASE_ENV.PATH, HOME: BASE_ENV.HOME, ...cache, ...job.env });
  return job.argv === undefined ? importModule(job.module ?? "") : runCommand(job.argv, job);
}

async function importModule(path: string): Promise<Result> {
  let output = "";
  const { write } = process.stdout;
  process.stdout.write = ((chunk: string | Uint8Array) => {
    output += String(chunk);
    return true;
  }) as typeof write;
  process.exitCode = 0;
  try {
    await import(pathToFileURL(path).href);
    return { output, exitCode: Number(process.exitCode ?? 0) };
  } catch (error) {
    return { output, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    process.stdout.write = write;
    process.exitCode = 0;
  }
}

/** Commands that run until they are stopped are stopped after this. */
const STOP_AFTER_MS = 300;

async function runCommand(argv: readonly string[], { cwd, env }: Job): Promise<Result> {
  const { main } = await import("../../src/cli/main.ts");
  const shown = new PassThrough();
  let output = "";
  shown.on("data", (chunk) => {
    output += String(chunk);
  });
  const stdin = new PassThrough();
  stdin.end(argv.includes("chat") ? "Hello\n" : "");
  const endless =
    argv.includes("simulate") || argv.includes("serve") || argv.includes("--watch") || argv.includes("--follow");
  const interrupted = endless ? AbortSignal.timeout(STOP_AFTER_MS) : undefined;
  const exitCode = await main(argv, {
    stdout: shown,
    stderr: shown,
    stdin,
    env,
    cwd,
    isTTY: false,
    columns: 120,
    interrupted,
  });
  return { output, exitCode };
}

if (import.meta.main) {
  const [jobsFile = "", resultsFile = ""] = process.argv.slice(2);
  const results: Record<string, Result> = {};
  for (const job of JSON.parse(readFileSync(jobsFile, "utf8")) as Job[]) results[job.id] = await perform(job);
  writeFileSync(resultsFile, JSON.stringify(results));
  process.exit(0);
}
