import { describe, it } from "vitest";
import { hasFixtures, RUN, WITHOUT_FIXTURES } from "./fixtures.ts";

/** What some tests need and a plain clone does not have. */
const NEEDS = {
  recordings: "../shared/recordings",
  contracts: "../shared/contracts",
  reference: "../shared/reference",
  tombi: "the tombi program for this platform",
  registry: "the package registry",
} as const;

export type Need = keyof typeof NEEDS;

const isFixture = (need: Need) => NEEDS[need].startsWith("../shared/");

/** A need that is not a folder, and how to find out whether it is met. */
interface Checked {
  readonly need: Need;
  isThere(): boolean;
}

/**
 * Tests that need something from outside. `npm test` always skips and counts them, whatever this machine has, so that it
 * gives the same result everywhere; `npm run test:all` runs them.
 */
export function describeWith(wanted: Need | Checked, title: string, body: () => void): void {
  const { need, isThere } = typeof wanted === "string" ? { need: wanted, isThere: () => hasFixtures(wanted) } : wanted;
  if (RUN === "rest" && isFixture(need) && WITHOUT_FIXTURES) return;
  if (RUN !== "quick" && isThere()) describe(title, body);
  else describe.skip(`${title} (skipped: needs ${NEEDS[need]})`, () => it("is tested by npm run test:all", () => {}));
}
