import { spawnSync } from "node:child_process";
import { describe, it } from "vitest";
import { hasFixtures, RUN, WITHOUT_FIXTURES } from "./fixtures.ts";

/** Requirements of some tests that a fresh clone does not have. */
const NEEDS = {
  recordings: "../shared/recordings",
  contracts: "../shared/contracts",
  reference: "../shared/reference",
  tombi: "the tombi program for this platform",
  registry: "the package registry",
  redis: "redis-server, or REDIS_URL",
  "redis-server": "redis-server",
  postgres: "PostgreSQL: the Debian package postgresql, or a server at DATABASE_URL",
} as const;

export type Need = keyof typeof NEEDS;

const isFixture = (need: Need) => NEEDS[need].startsWith("../shared/");

/** A requirement other than a folder, and how to check whether it is met. */
interface Checked {
  readonly need: Need;
  isThere(): boolean;
}

const hasRedisServer = () => spawnSync("redis-server", ["--version"]).status === 0;

export const REDIS_SERVER: Checked = { need: "redis-server", isThere: hasRedisServer };
export const REDIS: Checked = {
  need: "redis",
  isThere: () => process.env["REDIS_URL"] !== undefined || hasRedisServer(),
};

/**
 * Tests with external requirements. `npm test` always skips and counts them, whatever this machine has, so that it
 * gives the same result everywhere; `npm run test:all` runs them.
 */
export function describeWith(wanted: Need | Checked, title: string, body: () => void): void {
  const { need, isThere } = typeof wanted === "string" ? { need: wanted, isThere: () => hasFixtures(wanted) } : wanted;
  if (RUN === "rest" && isFixture(need) && WITHOUT_FIXTURES) return;
  if (RUN !== "quick" && isThere()) describe(title, body);
  else describe.skip(`${title} (skipped: needs ${NEEDS[need]})`, () => it("is tested by npm run test:all", () => {}));
}
