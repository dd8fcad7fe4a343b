import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generate, OUTPUT, withPinnedPackage } from "../../scripts/generate-catalog.ts";
import { describeWith } from "../needs.ts";

/** The table made anew from the registry's tarball; `undefined` where there is none to be had. */
function regenerated(): string | undefined {
  try {
    return withPinnedPackage(generate);
  } catch (error) {
    console.log(`no tarball: ${String(error).split("\n")[0]}`);
    return undefined;
  }
}

let fresh: string | undefined;
const hasTarball = () => {
  fresh = regenerated();
  return fresh !== undefined;
};

describeWith({ need: "registry", isThere: hasTarball }, "the committed table", () => {
  test("is what the pinned data, the price package and the facts give", () => {
    const stale = "stale: run node scripts/generate-catalog.ts";
    expect(fresh === readFileSync(OUTPUT, "utf8"), stale).toBe(true);
  });
});
