import { currentModels } from "../catalog/current-models.ts";
import { needsBaseUrl, PROVIDERS, type ProviderRow } from "../catalog/providers.ts";
import { configJsonSchema } from "../config/json-schema.ts";
import { WIRE_NAMES } from "../core/wire-name.ts";

/** The JSON Schema of models.toml with the catalog's names and limits: schemas/models.schema.json. */
export function editorSchema(): Record<string, unknown> {
  return configJsonSchema({
    providers: PROVIDERS.map((row) => ({ id: row.id, meaning: meaningOf(row), maxStops: row.quirks.maxStops })),
    wires: WIRE_NAMES,
    models: currentModels(),
    notes: {
      temperature: `${atMost(({ quirks }) => quirks.maxTemperature)}; more is lowered, and reported.`,
      stop: `${atMost(({ quirks }) => quirks.maxStops)}; more are rejected.`,
    },
  });
}

function meaningOf(row: ProviderRow): string {
  const { label, keyEnv, keyless } = row;
  const key = keyEnv[0] === undefined || keyless === true ? "needs no key" : `key: ${keyEnv[0]}`;
  const address = needsBaseUrl(row) ? ", needs base_url" : "";
  return `${label} (${key}${address})`;
}

/** "At most 1 at anthropic and cohere, 1.5 at mistral" */
function atMost(limitOf: (row: ProviderRow) => number | undefined): string {
  const limits = [...new Set(PROVIDERS.flatMap((row) => limitOf(row) ?? []))].sort((left, right) => left - right);
  const parts = limits.map((limit) => {
    const ids = PROVIDERS.filter((row) => limitOf(row) === limit).map(({ id }) => id);
    return `${limit} at ${new Intl.ListFormat("en").format(ids)}`;
  });
  return `At most ${parts.join("; ")}`;
}
