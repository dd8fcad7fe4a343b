import { expect, test } from "vitest";
import { filesOf, isCurrent, pinnedTables } from "../../scripts/generate-catalog.ts";
import { describeWith } from "../harness/needs.ts";

/** The tables made anew from the registry's tarball; `undefined` where there is none to be had. */
function regenerated(): ReturnType<typeof filesOf> | undefined {
  try {
    return filesOf(pinnedTables());
  } catch (error) {
    console.log(`no tarball: ${String(error).split("\n")[0]}`);
    return undefined;
  }
}

let fresh: ReturnType<typeof filesOf> | undefined;
const hasTarball = () => {
  fresh = regenerated();
  return fresh !== undefined;
};

describeWith({ need: "registry", isThere: hasTarball }, "the committed tables", () => {
  test("match the pinned data, the price package and the facts", () => {
    const stale = fresh?.filter((file) => !isCurrent(file)).map(([path]) => path);
    expect(stale, "run npm run catalog").toEqual([]);
  });
});
