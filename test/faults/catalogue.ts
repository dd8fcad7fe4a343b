import { readFileSync } from "node:fs";
import type { FaultScript } from "../../src/testing/index.ts";
import { fixture, hasFixtures } from "../harness/fixtures.ts";

/** One row of the catalogue of faults. */
export interface CatalogueRow {
  readonly id: string;
  readonly kind: string;
  readonly symptom: string;
  readonly wire: {
    readonly attempts?: readonly FaultScript[];
    readonly corpus?: readonly string[];
    readonly negative?: readonly string[];
  };
  readonly request_check?: string;
}

const FILE = "reference/faults.json";

export const HAS_CATALOGUE = hasFixtures(FILE);

export const CATALOGUE: readonly CatalogueRow[] = HAS_CATALOGUE ? JSON.parse(readFileSync(fixture(FILE), "utf8")) : [];

export function rowOf(id: string): CatalogueRow {
  const row = CATALOGUE.find((one) => one.id === id);
  if (row === undefined) throw new Error(`the catalogue has no row ${id}`);
  return row;
}
