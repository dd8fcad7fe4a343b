import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CASES } from "./cases.ts";
import { CATALOGUE, HAS_CATALOGUE } from "./catalogue.ts";
import { EXPECTATIONS } from "./expected.ts";
import { PENDING } from "./pending.ts";

/** Rows about what this version does not have. */
const OUTSIDE: Readonly<Record<string, string>> = {
  B01: "budgets come later",
  B03: "reservations come with budgets",
  B12: "the cache is in memory, there is no ledger yet",
  ...Object.fromEntries(
    ["01", "02", "04", "05", "07", "08", "10", "11"].map((id) => [`G${id}`, "the gateway comes later"]),
  ),
};

const ids = EXPECTATIONS.map(({ id }) => id);
const sources = globSync("*.test.ts", { cwd: import.meta.dirname }).map((file) => [
  file,
  readFileSync(join(import.meta.dirname, file), "utf8"),
]);
const written = new Map(
  sources.flatMap(([file = "", text = ""]) =>
    [...text.matchAll(/faultTest\(\s*"([^"]+)"/g)].map(([, id = ""]) => [id, file] as const),
  ),
);

describe("the table of faults", () => {
  it("names each row once", () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("has no row without a test", () => {
    const untested = EXPECTATIONS.filter(({ id, runs = [] }) => runs.length === 0 && !written.has(id));
    expect(untested.map(({ id }) => id)).toEqual([]);
  });

  it("has no run that expects nothing", () => {
    expect(CASES.filter(({ outcome }) => Object.keys(outcome).length === 0).map(({ title }) => title)).toEqual([]);
  });

  it("has a row for every test that is written by hand", () => {
    expect([...written.keys()].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("says nothing in the words of a machine", () => {
    for (const { id, wire, does } of EXPECTATIONS) expect(`${wire}${does}`, id).not.toMatch(/undefined|TODO|\|/);
  });
});

describe.skipIf(!HAS_CATALOGUE)(`the catalogue of faults${HAS_CATALOGUE ? "" : " (absent)"}`, () => {
  it("has no row without an expectation", () => {
    expect(CATALOGUE.filter(({ id }) => !ids.includes(id) && !(id in OUTSIDE)).map(({ id }) => id)).toEqual([]);
    expect(CATALOGUE.length - Object.keys(OUTSIDE).length).toBe(ids.filter((id) => !id.startsWith("own-")).length);
  });

  it("has no script that is not played", () => {
    const played = new Set(CASES.filter(({ run }) => run.attempts === undefined).map(({ id }) => id));
    const checked = new Set(written.keys());
    const missing = CATALOGUE.filter(
      ({ id, wire }) => wire.attempts !== undefined && !(id in OUTSIDE) && !played.has(id) && !checked.has(id),
    );
    expect(missing.map(({ id }) => id)).toEqual([]);
  });

  it("has the requests checked where it asks for that", () => {
    const asked = CATALOGUE.filter((row) => row.request_check !== undefined).map(({ id }) => id);
    expect(asked.length).toBe(9);
    expect(asked.filter((id) => written.get(id) !== "requests.test.ts")).toEqual([]);
  });
});

describe("what is known to be broken", () => {
  it.each([["nothing else", ""], ...Object.entries(PENDING)])("%s: %s", (place) => {
    const [id = ""] = place.split("#");
    if (place !== "nothing else") expect([...ids, ...CASES.map((one) => one.place)]).toContain(id);
  });
});
