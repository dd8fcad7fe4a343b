import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** Recordings and contracts that the tests use but the project does not contain; `none` means that they are missing. */
const FIXTURES = process.env["MODELWRIGHT_FIXTURES"] ?? "../shared";

/** `npm test` is `quick`, `npm run test:all` is `rest`; `undefined` if vitest is started directly. */
export const RUN = process.env["MODELWRIGHT_TESTS"] as "quick" | "rest" | undefined;

export function hasFixtures(path: string): boolean {
  return RUN !== "quick" && FIXTURES !== "none" && existsSync(fixture(path));
}

export function fixture(path: string): string {
  return resolve(import.meta.dirname, "../..", FIXTURES, path);
}

/** Whether the user declared that there are no fixtures: `npm run test:all` then omits the tests that need them. */
export const WITHOUT_FIXTURES = FIXTURES === "none";
