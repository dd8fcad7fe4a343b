/** The inputs and outputs of the CLI; tests pass their own. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether stdout is a terminal; the other two streams have their own `isTTY`. */
  readonly isTTY: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Milliseconds since the Unix epoch. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Aborted when the user interrupts the command. */
  readonly interrupted?: AbortSignal | undefined;
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };
