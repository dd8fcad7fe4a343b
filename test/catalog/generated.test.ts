import { describe, expect, test } from "vitest";
import { FACT_RULES } from "../../src/catalog/facts.ts";
import { withFamilyFacts } from "../../src/catalog/family-facts.ts";
import { isListed } from "../../src/catalog/find-row.ts";
import { enumeratedIds, exactPrice, packageModels } from "../../src/catalog/generation/package-price.ts";
import { CATALOG_DATE } from "../../src/catalog/models.generated.ts";
import { ADDED_MODELS } from "../../src/catalog/older-models.ts";
import { priceOf } from "../../src/catalog/price.ts";
import { tableNames, tableOf } from "../../src/catalog/table.ts";

const ROWS = tableNames().flatMap((provider) =>
  [...(tableOf(provider)?.byId.values() ?? [])].map((row) => ({ provider, row })),
);

describe("without the network", () => {
  test("the table has every fact of every rule", () => {
    for (const { provider, row } of ROWS) expect(withFamilyFacts(provider, row)).toEqual(row);
  });

  test("every rule has a source and matches at least one model", () => {
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

  test("ids of the price package have its price", () => {
    const at = new Date(`${CATALOG_DATE}T12:00:00Z`);
    const added = new Set(
      ADDED_MODELS.flatMap(({ models }) =>
        models.filter((model) => model.price !== undefined).map((model) => model.id),
      ),
    );
    const own = ROWS.filter(
      ({ provider, row }) => !added.has(row.id) && packageModels(provider).some((model) => model.id === row.id),
    );
    expect(own.length).toBeGreaterThan(100);
    for (const { provider, row } of own) {
      const listed = exactPrice(provider, row.id, at);
      if (row.timedPrice !== true && listed !== undefined) expect(row.price, `${provider} ${row.id}`).toEqual(listed);
    }
  });

  test.each(["2026-11-20T02:00:00Z", "2026-11-20T20:00:00Z", "2027-03-01T09:00:00Z"])(
    "price-only models and time-dependent prices match the package at %s",
    (day) => {
      const at = new Date(day);
      const ids = tableNames().flatMap((provider) =>
        packageModels(provider)
          .flatMap((model) => [model.id, ...enumeratedIds(model.match)])
          .filter((id) => !id.startsWith("ft:") && isTimedOrUnlisted(provider, id))
          .map((id) => ({ provider, id })),
      );
      expect(ids.length).toBeGreaterThan(800);
      const wrong = ids.filter(
        ({ provider, id }) =>
          JSON.stringify(priceOf(provider, id, at)) !== JSON.stringify(exactPrice(provider, id, at)),
      );
      expect(wrong).toEqual([]);
    },
  );

  test("no model has a capability as present and missing", () => {
    for (const { row } of ROWS)
      expect(
        (row.can ?? []).filter((name) => row.cannot?.includes(name)),
        row.id,
      ).toEqual([]);
  });
});

function isTimedOrUnlisted(provider: string, id: string): boolean {
  const table = tableOf(provider);
  return table === undefined || !isListed(table, id) || table.byId.get(id)?.timedPrice === true;
}
