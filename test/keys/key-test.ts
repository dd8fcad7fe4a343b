import { test } from "vitest";

/**
 * A test that sees the effect of a key of models.toml. coverage.test.ts reads the claims from the sources: a key nobody
 * claims fails, and so does a claim for a key that does not exist. `{a,b}` claims several keys that one test sees.
 */
export function keyTest(key: string, run: Run): void;
export function keyTest(key: string, what: string, run: Run): void;
export function keyTest(key: string, ...[first, run]: [Run] | [string, Run]): void {
  if (typeof first === "string") test(`${key}: ${first}`, run as Run);
  else test(key, first);
}

type Run = () => void | Promise<void>;

/** A test that sees the effect of an option of a call; claims it as `keyTest` claims a key. */
export function callTest(option: string, run: Run): void {
  test(`${option} of a call`, run);
}
