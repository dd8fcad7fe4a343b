import { ConfigError, type ConfigProblem } from "../core/config-error.ts";
import { withoutKeys } from "../core/secret.ts";
import { nearest } from "../core/suggest.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import type { Place } from "./source.ts";

/** Combines findings into one error, sorted by file and position; duplicates at one position and path are dropped. */
export function configErrorOf(findings: readonly Finding[], place: (finding: Finding) => Place): ConfigError {
  const placed = new Map<string, Placed>();
  const files: (string | undefined)[] = [];
  for (const finding of findings) {
    const at = place(finding);
    const path = dotted(finding.path);
    const id = `${at.variable ?? at.file}:${at.line}:${at.column}:${path}`;
    if (!placed.has(id)) placed.set(id, { finding, at, path });
    if (!files.includes(at.file)) files.push(at.file);
  }
  const rank = ({ at }: Placed) => files.indexOf(at.file);
  const sorted = [...placed.values()].sort(
    (left, right) => rank(left) - rank(right) || left.at.line - right.at.line || left.at.column - right.at.column,
  );
  return new ConfigError(sorted.map(problemOf));
}

interface Placed {
  readonly finding: Finding;
  readonly at: Place;
  readonly path: string;
}

function problemOf({ finding, at: { variable, ...at }, path }: Placed, index: number): ConfigProblem {
  const suggestion = index < MAX_SUGGESTIONS ? suggestionOf(finding) : undefined;
  const words = withoutKeys(finding.message);
  const clean = withoutKeys(path);
  const message = variable === undefined ? words : `${variable}: ${words}`;
  return { ...at, path: clean, message, ...(suggestion === undefined ? {} : { suggestion }) };
}

const MAX_SUGGESTIONS = 100;

function suggestionOf({ suggestion, meant }: Finding): string | undefined {
  return meant === undefined ? suggestion : nearest(meant.word, meant.among);
}

/** `models."gpt-4.1".tools[0].name` */
export function dotted(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const word = /^[A-Za-z0-9_-]+$/.test(step) ? step : JSON.stringify(step);
    return text === "" ? word : `${text}.${word}`;
  }, "");
}
