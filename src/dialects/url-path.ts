import type { ModelError } from "../core/error.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";

/**
 * What would end or change the path of a URL: query, fragment, escapes (`%2e%2e` is `..` to a URL parser), backslashes
 * (read as slashes), control characters (removed), blanks at the ends (removed) and dot segments.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_A_PATH = /[?#%\\\u0000-\u001f\u007f]|^\s|\s$|(?:^|\/)\.{1,2}(?:\/|$)|^\/|\/\//;

/** A part of a host name or a single step of a path. */
const NOT_IN_A_STEP = /[^A-Za-z0-9._:-]|^\.{1,2}$/;

/** Refuses a name that the SDK writes into the path of the URL and that would lead elsewhere. */
export function requirePathName(target: Target, setting: string, name: string | undefined): void {
  if (name !== undefined && NOT_IN_A_PATH.test(name)) throw unfit(target, setting, name);
}

export function requirePathStep(target: Target, setting: string, name: string | undefined): void {
  if (name !== undefined && NOT_IN_A_STEP.test(name)) throw unfit(target, setting, name);
}

function unfit(target: Target, setting: string, name: string): ModelError {
  const words = `${setting} ${JSON.stringify(name)} would change the URL: it cannot hold ?, #, %, \\, control characters or dot segments`;
  return targetError(target, "invalid_request", words);
}
