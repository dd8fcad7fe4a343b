import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CASES } from "./cases.ts";
import { EXPECTATIONS } from "./expected.ts";
import { KINDS } from "./kinds.ts";
import { PENDING } from "./pending.ts";
import { WRITTEN_TESTS } from "./written-tests.ts";

const ids = EXPECTATIONS.map(({ id }) => id);
describe("the table of faults", () => {
  it("has unique ids", () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("has no row without a test", () => {
    const untested = EXPECTATIONS.filter(({ id, runs = [] }) => runs.length === 0 && !WRITTEN_TESTS.has(id));
    expect(untested.map(({ id }) => id)).toEqual([]);
  });

  it("has no run without expectations", () => {
    expect(CASES.filter(({ outcome }) => Object.keys(outcome).length === 0).map(({ title }) => title)).toEqual([]);
  });

  it("has a row for every hand-written test", () => {
    expect([...WRITTEN_TESTS.keys()].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("has no placeholder text", () => {
    for (const { id, wire, does } of EXPECTATIONS) expect(`${wire}${does}`, id).not.toMatch(/undefined|TODO|\|/);
  });
});

describe("the kinds of faults", () => {
  it("list existing test files", () => {
    const files = Object.values(KINDS).flatMap((kinds) => kinds.flatMap(({ tests }) => tests));
    expect(files.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))).toEqual([]);
  });
});

describe("known failures", () => {
  it.each([["nothing else", ""], ...Object.entries(PENDING)])("%s: %s", (place) => {
    const [id = ""] = place.split("#");
    if (place !== "nothing else") expect([...ids, ...CASES.map((one) => one.place)]).toContain(id);
  });
});
