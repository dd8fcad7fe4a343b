import type { Io } from "./io.ts";
import type { Printer } from "./print.ts";

/** Flags that every command takes. */
export interface GlobalFlags {
  config?: string;
  profile?: string;
  json?: boolean;
  debug?: boolean;
}

/** What a command works with. */
export interface CliContext {
  readonly io: Io;
  readonly print: Printer;
  /** The environment with what `.env` adds. */
  readonly env: Record<string, string | undefined>;
  readonly flags: Readonly<GlobalFlags>;
  /** Aborted on Ctrl-C, and when the output is no longer read. */
  readonly signal: AbortSignal;
}

/** Ends a command with an exit code and without a message: what was to be said has been said. */
export class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** What was asked for and could not be done: exit code 1. */
export class Failure extends Error {
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}

/** A command line that cannot be carried out: exit code 2. */
export class UsageError extends Error {
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}
