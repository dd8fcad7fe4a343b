import type { ConfigProblem } from "../index.ts";

/** The problems of a ConfigError, detected by name, because importing the class would load the library for every command. */
export function configProblems(error: unknown): readonly ConfigProblem[] | undefined {
  if (!(error instanceof Error) || error.name !== "ConfigError") return undefined;
  return (error as Error & { readonly problems: readonly ConfigProblem[] }).problems;
}
