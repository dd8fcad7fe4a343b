import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { CATALOG_DATE } from "../../src/catalog/models.generated.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";

it("a row says where the price of its cost comes from, and the day of the catalog", async () => {
  const server = await serve(() => chatBody("fine"));
  const folder = mkdtempSync(join(tmpdir(), "modelwright-price-"));
  const listed = { name: "gpt-4o", priced: false } as const;
  const toml = [
    entry("openai", server.url, "", { table: "own" }),
    entry("openai", server.url, "", { ...listed, table: "listed" }),
    entry("openai", server.url, "pricing = { cache_read = 1 }", { ...listed, table: "mixed" }),
    entry("openai", server.url, "", { table: "shared", name: "house-model", priced: false }),
    entry("openai", server.url, "", { table: "unknown", priced: false }),
    '[pricing."house-model"]\ninput = 1\noutput = 2\n[ledger]\n',
  ].join("");
  const factory = factoryOf(toml, { baseDir: folder });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of factory.names()) await factory.get(name).codegen("Hello");
  await factory.close();
  const database = new DatabaseSync(join(folder, ".modelwright", "ledger.db"), { readOnly: true });
  const rows = database.prepare("SELECT entry, price_source, price_date FROM modelwright_attempts").all();
  database.close();
  const origins = Object.fromEntries(rows.map((row) => [row["entry"], [row["price_source"], row["price_date"]]]));
  expect(origins).toEqual({
    own: ["models.toml", null],
    listed: ["catalog", CATALOG_DATE],
    mixed: ["models.toml, catalog", CATALOG_DATE],
    shared: ["models.toml", null],
    unknown: [null, null],
  });
});
