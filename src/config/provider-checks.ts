import { nearest } from "../core/suggest.ts";
import { type EntrySources, ownPath, SIMULATOR, topValue } from "./layering.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import type { Source } from "./source.ts";
import { childTable, childTables } from "./table.ts";

/** What must be known about a provider to check an entry; the catalog's rows fit. */
export interface ProviderHint {
  readonly id: string;
  /** Has no address of its own. */
  readonly needsBaseUrl: boolean;
  /** Environment variables its key is usually in, the first that is set counts. */
  readonly keyEnv: readonly string[];
}

export interface Facts {
  readonly providers: readonly ProviderHint[];
  /** Wire formats, also those registered from code. */
  readonly dialects: readonly string[];
}

/** Settings of a provider that is neither built in nor anybody's: a slip of the pen that would be without effect. */
export function checkProviderTables(sources: readonly Source[], facts: Facts): Finding[] {
  const roots = sources.flatMap((source) =>
    [{ table: source.document, path: [] as Path }, ...childTables(source.document, [], "profiles")].map((root) => ({
      ...root,
      source,
    })),
  );
  const written = roots.flatMap(({ table, path, source }) =>
    childTables(table, path, "providers").map((found) => ({ path: found.path, source })),
  );
  if (written.length === 0) return [];
  const known = new Set(facts.providers.map(({ id }) => id));
  for (const { table, path } of roots) {
    for (const { table: entry } of [...childTable(table, path, "defaults"), ...childTables(table, path, "models")]) {
      if (typeof entry.provider === "string") known.add(entry.provider);
    }
  }
  return written
    .filter(({ path }) => !known.has(String(path.at(-1))))
    .map(({ path, source }) => {
      const word = String(path.at(-1));
      return { path, source, at: "key", message: `no model has the provider "${word}"`, meant: { word, among: known } };
    });
}

const FOUR_LINES =
  'an own server needs name, provider, custom_llm_provider (its wire format: "openai" for most) and base_url';

export function checkProvider(sources: EntrySources, facts: Facts): Finding[] {
  const served = sources.provider === SIMULATOR ? sources.simulatedProvider : sources.provider;
  if (served === undefined || served === "" || /^(?:env|file):/.test(served)) return [];
  const hint = facts.providers.find(({ id }) => id === served);
  const missing = missingForProvider(sources, hint);
  if (missing.length === 0) return [];
  const path = providerPath(sources, served);
  if (hint !== undefined)
    return [{ path, at: "value", message: `provider "${served}" needs base_url: it has no address of its own` }];
  const suggestion =
    missing.length === 2
      ? nearest(
          served,
          facts.providers.map(({ id }) => id),
        )
      : undefined;
  const explanation =
    suggestion === undefined
      ? `, and ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing: ${FOUR_LINES}`
      : "";
  return [{ path, at: "value", message: `provider "${served}" is not built in${explanation}`, suggestion }];
}

function missingForProvider(sources: EntrySources, hint: ProviderHint | undefined): string[] {
  const isSimulated = sources.provider === SIMULATOR;
  const needed = hint === undefined ? ["custom_llm_provider", "base_url"] : hint.needsBaseUrl ? ["base_url"] : [];
  return needed.filter((key) => !(isSimulated && key === "base_url") && topValue(sources, key) === undefined);
}

function providerPath(sources: EntrySources, provider: string): Path {
  const source = sources.tables.findLast(({ table }) => table.provider === provider);
  return [...(source?.path ?? ownPath(sources)), "provider"];
}
