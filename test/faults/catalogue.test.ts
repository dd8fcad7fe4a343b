import { expect, it } from "vitest";
import { describeWith } from "../harness/needs.ts";
import { CASES } from "./cases.ts";
import { CATALOGUE } from "./catalogue.ts";
import { EXPECTATIONS } from "./expected.ts";
import { WRITTEN_TESTS } from "./written-tests.ts";

const ids = EXPECTATIONS.map(({ id }) => id);

describeWith("reference", "the catalogue of faults", () => {
  it("has no row without an expectation", () => {
    expect(CATALOGUE.filter(({ id }) => !ids.includes(id)).map(({ id }) => id)).toEqual([]);
    expect(CATALOGUE.length).toBe(ids.filter((id) => !id.startsWith("own-")).length);
  });

  it("has no unused script", () => {
    const played = new Set(CASES.filter(({ run }) => run.attempts === undefined).map(({ id }) => id));
    const checked = new Set(WRITTEN_TESTS.keys());
    const missing = CATALOGUE.filter(
      ({ id, wire }) => wire.attempts !== undefined && !played.has(id) && !checked.has(id),
    );
    expect(missing.map(({ id }) => id)).toEqual([]);
  });

  it("has checked requests if required", () => {
    const asked = CATALOGUE.filter((row) => row.request_check !== undefined).map(({ id }) => id);
    expect(asked.length).toBe(9);
    expect(asked.filter((id) => WRITTEN_TESTS.get(id) !== "requests.test.ts")).toEqual([]);
  });
});
