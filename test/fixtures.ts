import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** Recordings and contracts that the project tests against but does not contain. */
export const FIXTURES = resolve(import.meta.dirname, "..", process.env["MODELWRIGHT_FIXTURES"] ?? "../shared");

export function hasFixtures(path: string): boolean {
  return existsSync(resolve(FIXTURES, path));
}

export function fixture(path: string): string {
  return resolve(FIXTURES, path);
}
