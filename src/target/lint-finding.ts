import type { ConfigProblem } from "../core/config-error.ts";

/** A problem of an entry in a valid file: "error" if no call can succeed, "warning" if calls are changed. */
export interface LintFinding extends ConfigProblem {
  readonly severity: "error" | "warning";
  /** The entry; empty if the problem concerns none. */
  readonly model: string;
}
