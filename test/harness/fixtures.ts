import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** Recordings and contracts that the project tests against but does not contain; `none` says that they are not there. */
const FIXTURES = process.env["MODELWRIGHT_FIXTURES"] ?? "../shared";

/** `npm test` is `quick`, `npm run test:all` is `rest`; `undefined` where vitest is started by hand. */
export const RUN = process.env["MODELWRIGHT_TESTS"] as "quick" | "rest" | undefined;

export function hasFixtures(path: string): boolean {
  return RUN !== "quick" && FIXTURES !== "none" && existsSync(fixture(path));
}

export function fixture(path: string): string {
  return resolve(import.meta.dirname, "../..", FIXTURES, path);
}

/** Whether whoever starts the tests says that there are no fixtures: `npm run test:all` then leaves out what needs them. */
export const WITHOUT_FIXTURES = FIXTURES === "none";
