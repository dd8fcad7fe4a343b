import type { ModelError } from "../core/error.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";

/**
 * Characters that would end or change the path of a URL: query, fragment, escapes (`%2e%2e` is `..` for a URL parser),
 * backslashes (treated as slashes), control characters (removed), blanks at the ends (removed) and dot segments.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it matches
const NOT_IN_A_PATH = /[?#%\\\u0000-\u001f\u007f]|^\s|\s$|(?:^|\/)\.{1,2}(?:\/|$)|^\/|\/\//;

/** A part of a host name or a single path segment. */
const NOT_IN_A_STEP = /[^A-Za-z0-9._:-]|^\.{1,2}$/;

/** Rejects a name that the SDK puts into the URL path and that would change the path. */
export function requirePathName(target: Target, setting: string, name: string | undefined): void {
  if (name !== undefined && NOT_IN_A_PATH.test(name)) throw unfit(target, setting, name);
}

export function requirePathStep(target: Target, setting: string, name: string | undefined): void {
  if (name !== undefined && NOT_IN_A_STEP.test(name)) throw unfit(target, setting, name);
}

function unfit(target: Target, setting: string, name: string): ModelError {
  const words = `${setting} ${JSON.stringify(name)} would change the URL: it must not contain ?, #, %, \\, control characters or dot segments`;
  return targetError(target, "invalid_request", words);
}
