import { placeOf } from "./known-keys.ts";
import { keysWhere } from "./options.ts";
import type { Path } from "./positions.ts";

/** Options that make a program or a person wait. */
const CLOCKS: ReadonlySet<unknown> = new Set(keysWhere(({ wait }) => wait === true));

/** A bare number from here on may be meant as milliseconds. */
export const FIRST_SUSPECT_S = 10_000;
const MAX_SECONDS = 86_400;

/**
 * Numbers are seconds, but other libraries use milliseconds. A bare number of more than a day is rejected, as is one of
 * several hours that is a multiple of 1000 but not of an hour. A string with a unit is always accepted.
 */
export function millisecondsMeant(value: number, path: Path): string | undefined {
  const key = path.at(-1);
  if (!CLOCKS.has(key) || value < FIRST_SUSPECT_S || placeOf(path.slice(0, -1)) !== "entry") return undefined;
  if (value <= MAX_SECONDS && (value % 1_000 !== 0 || value % 3_600 === 0)) return undefined;
  const meant = value % 1_000 === 0 ? `${value / 1_000}s` : `${value}ms`;
  return `"${key}" = ${value} is ${long(value)}, because a number is seconds; write "${meant}", or "${value}s" if it is meant`;
}

function long(seconds: number): string {
  return seconds > MAX_SECONDS ? `${Math.round(seconds / 8_640) / 10} days` : `${Math.round(seconds / 360) / 10} hours`;
}
