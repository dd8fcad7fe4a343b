import { describe, expect, test } from "vitest";
import { exactPrice, loadPrices } from "../../src/catalog/exact-price.ts";
import { FACT_RULES } from "../../src/catalog/facts.ts";
import { withFamilyFacts } from "../../src/catalog/family-facts.ts";
import { CATALOG_DATE } from "../../src/catalog/models.generated.ts";
import { ADDED_MODELS } from "../../src/catalog/older-models.ts";
import { tableNames, tableOf } from "../../src/catalog/table.ts";

const ROWS = tableNames().flatMap((provider) =>
  [...(tableOf(provider)?.byId.values() ?? [])].map((row) => ({ provider, row })),
);

describe("without the network", () => {
  test("the table has every fact of every rule", () => {
    for (const { provider, row } of ROWS) expect(withFamilyFacts(provider, row)).toEqual(row);
  });

  test("every rule names its source and holds for at least one model", () => {
    for (const rule of FACT_RULES) {
      expect(rule.source).toMatch(/^https:\/\//);
      expect(
        ROWS.some(({ provider, row }) => rule.providers.includes(provider) && rule.ids.test(row.id)),
        String(rule.ids),
      ).toBe(true);
    }
  });

  test("every added model is in the table", () => {
    for (const { providers, models } of ADDED_MODELS)
      for (const provider of providers)
        for (const model of models) expect(tableOf(provider)?.byId.get(model.id)).toMatchObject({ id: model.id });
  });

  test("the price package's own ids cost what it says", () => {
    const at = new Date(`${CATALOG_DATE}T12:00:00Z`);
    const added = new Set(
      ADDED_MODELS.flatMap(({ models }) =>
        models.filter((model) => model.price !== undefined).map((model) => model.id),
      ),
    );
    const own = ROWS.filter(
      ({ provider, row }) =>
        !added.has(row.id) &&
        loadPrices()
          .findProvider({ providerId: provider })
          ?.models.some((model) => model.id === row.id),
    );
    expect(own.length).toBeGreaterThan(100);
    for (const { provider, row } of own) {
      const listed = exactPrice(provider, row.id, at);
      if (row.timedPrice !== true && listed !== undefined) expect(row.price, `${provider} ${row.id}`).toEqual(listed);
    }
  });

  test("no model both can and cannot", () => {
    for (const { row } of ROWS)
      expect(
        (row.can ?? []).filter((name) => row.cannot?.includes(name)),
        row.id,
      ).toEqual([]);
  });
});
