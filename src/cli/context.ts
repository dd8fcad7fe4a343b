import type { Io } from "./io.ts";
import type { Printer } from "./print.ts";

/** Flags of every command. */
export interface GlobalFlags {
  config?: string;
  profile?: string;
  json?: boolean;
  debug?: boolean;
}

/** The context of a command. */
export interface CliContext {
  readonly io: Io;
  readonly print: Printer;
  /** The environment, including variables from `.env`. */
  readonly env: Record<string, string | undefined>;
  readonly flags: Readonly<GlobalFlags>;
  /** Aborted on Ctrl-C and when the reader of stdout is gone. */
  readonly signal: AbortSignal;
}

/** Ends a command with an exit code and no message, which has already been printed. */
export class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** A command that failed: exit code 1. */
export class Failure extends Error {
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}

/** An invalid command line: exit code 2. */
export class UsageError extends Error {
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}
