import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { infoOf } from "../../src/catalog/lookup.ts";
import { STARTERS } from "../../src/cli/starters.ts";
import { blocksOf, PAGES, ROOT } from "./blocks.ts";

/*
 * A reader copies what is shown. So no page, example or file of ours names a model whose end is announced. The dates are
 * those of the catalog, so that the test changes its mind with the catalog only, not with the day it runs on.
 */

const files = ["models.toml", ...globSync("examples/*.{ts,toml}", { cwd: ROOT })];
const shown = [
  ...PAGES.flatMap((page) => blocksOf(page).map(({ line, text }) => ({ place: `${page}:${line}`, text }))),
  ...files.map((place) => ({ place, text: readFileSync(join(ROOT, place), "utf8") })),
];

/** Every quoted word; those that are no ids of models are unknown to the catalog. */
const quoted = (text: string) => [...text.matchAll(/["'`]([a-z][\w.:/-]+)["'`]/g)].map(([, word = ""]) => word);

describe("recommended models", () => {
  it("have no announced end on a page, in an example or in the shipped models.toml", () => {
    const retiring = shown.flatMap(({ place, text }) =>
      quoted(text).flatMap((id) => {
        const retiresOn = infoOf(id)?.retiresOn;
        return retiresOn == null ? [] : [`${place}: ${id} retires on ${retiresOn}`];
      }),
    );
    expect(retiring).toEqual([]);
  });

  it("have no announced end among the starters of init", () => {
    expect(STARTERS.filter(({ model }) => infoOf(model)?.retiresOn != null)).toEqual([]);
  });

  it("are found in text", () => {
    expect(shown.flatMap(({ text }) => quoted(text)).filter((id) => infoOf(id) !== null).length).toBeGreaterThan(20);
  });
});
