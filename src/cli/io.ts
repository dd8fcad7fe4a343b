/** What the command line reads from and writes to; a test hands in its own. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether stdout is a terminal; of the other two streams their own `isTTY` says it. */
  readonly isTTY: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Milliseconds since 1970; default: the system's clock. */
  readonly now?: (() => number) | undefined;
  /** Aborted when the user wants the command to end. */
  readonly interrupted?: AbortSignal | undefined;
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };
