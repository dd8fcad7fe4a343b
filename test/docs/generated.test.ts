import { ERROR_CODES } from "modelwright";
import { describe, expect, it } from "vitest";
import { generatedPages } from "../../scripts/generate-docs.ts";
import { PROVIDERS } from "../../src/catalog/providers.ts";
import { camelOf } from "../../src/config/entry-config.ts";
import { CALL_ONLY } from "../../src/config/known-keys.ts";
import type { Option } from "../../src/config/option.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { entryShape } from "../../src/config/schema.ts";
import { readPage } from "./blocks.ts";

const pages = generatedPages();

describe("generated pages", () => {
  it.each(Object.keys(pages))("%s is fresh (npm run docs writes it)", (page) => {
    expect(readPage(page)).toBe(pages[page]);
  });

  it("show an example of every key", () => {
    expect(pages["docs/reference/models-toml.md"]?.match(/^\|.*\| *\|.*$/gm) ?? []).toEqual([]);
  });

  it("have a row for every key, code and provider", () => {
    const rows = (page: string, names: readonly string[]) =>
      names.filter((name) => !pages[page]?.match(new RegExp(`\\n\\| \\[?\`${name}\``)));
    expect(rows("docs/reference/models-toml.md", Object.keys(entryShape))).toEqual([]);
    expect(rows("docs/reference/errors.md", Object.keys(ERROR_CODES))).toEqual([]);
    const perCall = Object.entries<Option>(OPTIONS).filter(
      ([, { setting, perCall, aliasOf }]) => (setting || perCall) && !aliasOf,
    );
    expect(rows("docs/reference/api.md", [...perCall.map(([key]) => camelOf(key)), ...CALL_ONLY, "messages"])).toEqual(
      [],
    );
    expect(
      rows(
        "docs/reference/providers.md",
        PROVIDERS.map(({ id }) => id),
      ),
    ).toEqual([]);
  });
});
