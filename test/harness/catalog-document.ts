import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { catalogText } from "../../src/catalog/cached-catalog.ts";
import { readModelsDev } from "../../src/catalog/models-dev.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A model as models.dev describes it; `fields` replace what it has. */
export function devModel(id: string, fields: Fields = {}): Fields {
  return {
    id,
    name: id,
    attachment: true,
    reasoning: false,
    temperature: true,
    tool_call: true,
    structured_output: true,
    knowledge: "2026-01",
    release_date: "2026-09-15",
    last_updated: "2031-04-01",
    modalities: { input: ["text", "image"], output: ["text"] },
    open_weights: false,
    cost: { input: 2, output: 8, cache_read: 0.5 },
    limit: { context: 300_000, output: 50_000 },
    ...fields,
  };
}

export function devDocument(providers: Readonly<Record<string, readonly Fields[]>>): Fields {
  return Object.fromEntries(
    Object.entries(providers).map(([id, models]) => [
      id,
      {
        id,
        name: id,
        env: ["KEY"],
        npm: "@ai-sdk/openai-compatible",
        api: "https://example.com/v1",
        doc: "https://example.com",
        models: Object.fromEntries(models.map((model) => [model["id"], model])),
      },
    ]),
  );
}

/** After the date of any bundled table. */
export const LATER = "2031-05-01T10:00:00.000Z";
export const EARLIER = "2021-05-01T10:00:00.000Z";

export function textOf(document: unknown, fetchedAt = LATER): string {
  const { tables, asOf } = readModelsDev(document);
  return catalogText(tables, { source: "https://models.dev/api.json", fetchedAt, asOf });
}

export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "modelwright-catalog-")));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A cached catalog in its own folder. */
export function catalogFile(text: string): string {
  const path = join(folder(), "catalog.jsonl");
  writeFileSync(path, text);
  return path;
}
