import { TomlError } from "smol-toml";
import type { ConfigProblem } from "../core/config-error.ts";

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:null|none|nil|undefined)\b/i, "TOML has no null: leave the key out"],
  [/^(?:True|TRUE|yes|on|False|FALSE|no|off)\b/, "TOML writes true and false, in small letters"],
  [/^[A-Za-z_]/, "text needs quotes"],
];

/** Converts an error of the parser, without its excerpt of the line, which may contain an API key. */
export function syntaxProblem(error: unknown, text: string, file: string | undefined): ConfigProblem {
  if (!(error instanceof TomlError)) throw error;
  const line = text.split(/\r?\n/)[error.line - 1] ?? "";
  const reason = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "") ?? "";
  const message = `invalid TOML: ${explain(reason, line.slice(error.column - 1))}`;
  return { file, line: error.line, column: error.column, path: pathBefore(text, error.line), message };
}

/** `rest` is the line from the position of the error. */
function explain(reason: string, rest: string): string {
  if (reason.startsWith("control characters") && rest === "") return "the closing quote is missing on this line";
  const hint = reason === "invalid value" ? HINTS.find(([pattern]) => pattern.test(rest))?.[1] : undefined;
  return hint ?? reason;
}

/** The path of a line, guessed from the last header above it because the text does not parse. */
function pathBefore(text: string, lineNumber: number): string {
  const lines = text.split(/\r?\n/).slice(0, lineNumber);
  const header = lines.findLast((line) => /^\s*\[[^[\]]+\]\s*(?:#.*)?$/.test(line));
  const table = header?.slice(header.indexOf("[") + 1, header.indexOf("]")).trim();
  const key = /^\s*([A-Za-z0-9_.-]+)\s*=/.exec(lines.at(-1) ?? "")?.[1];
  return [table, key].filter((part) => part !== undefined).join(".");
}
