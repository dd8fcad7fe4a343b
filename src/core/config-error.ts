/** One error in a configuration, with its position. */
export interface ConfigProblem {
  /** File of the value; `undefined` if the configuration was parsed from a string. */
  readonly file: string | undefined;
  /** 1-based; 0 if the problem has no position in the file. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, for example `models.coder.temperature`. */
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

/** An invalid configuration: all errors at once, each with its position. Never contains the value of a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super(problems.map(renderProblem).join("\n"), options);
    this.problems = problems;
  }
}

/** Shown as the file name if the configuration was passed as a string. */
export const UNNAMED = "<string>";

function renderProblem(problem: ConfigProblem): string {
  const file = problem.file ?? UNNAMED;
  const place = problem.line > 0 ? `${file}:${problem.line}:${problem.column}: ` : "";
  const hint = problem.suggestion === undefined ? "" : ` (did you mean "${problem.suggestion}"?)`;
  return `${place}${problem.message}${hint}`;
}
