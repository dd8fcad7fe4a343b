import { nearest } from "../core/suggest.ts";
import { type EntrySources, findSource, ownPath, SIMULATOR, servedProvider, topValue } from "./layering.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import { isReference } from "./references.ts";
import type { Source } from "./source.ts";
import { childTable, childTables } from "./table.ts";
import type { View } from "./view.ts";

/** Facts about a provider that the checks need; rows of the catalog have this shape. */
export interface ProviderHint {
  readonly id: string;
  /** Has no default URL. */
  readonly needsBaseUrl: boolean;
  /** Usual environment variables of its key; the first that is set is used. */
  readonly keyEnv: readonly string[];
  /** Its default URL. */
  readonly baseUrl?: string | undefined;
  /** Its default wire format; absent if only code knows it. */
  readonly wire?: string | undefined;
  /** Maximum number of stop sequences, whatever the model. */
  readonly maxStops?: number | undefined;
}

/** Prices that are known without the file. */
export interface PriceBook {
  has(modelId: string): boolean;
  ids(): readonly string[];
}

export interface Facts {
  /** Absent: unknown, so `price_as` is not checked. */
  readonly prices?: PriceBook | undefined;
  readonly providers: readonly ProviderHint[];
  /** Wire formats, including those registered from code. */
  readonly dialects: readonly string[];
}

/** Finds `[providers.NAME]` that is neither built in nor used by an entry: a misspelling without effect. */
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
    for (const { table: provider, path: at } of childTables(table, path, "providers"))
      if (provider.discover === true) known.add(String(at.at(-1)));
  }
  return written
    .filter(({ path }) => !known.has(String(path.at(-1))))
    .map(({ path, source }) => {
      const word = String(path.at(-1));
      return { path, source, at: "key", message: `no model has the provider "${word}"`, meant: { word, among: known } };
    });
}

/**
 * Checks a provider in the `[defaults]` of a profile, which entries with their own provider silently ignore. For the
 * simulator, one such entry is an error, because its calls stay real.
 */
export function checkProfileProvider(view: View): Finding[] {
  const { profile } = view;
  if (profile === undefined) return [];
  const written = view.tablesAt(["defaults"], "defaults").findLast(({ kind }) => kind === "profile");
  const provider = written?.table["provider"];
  if (written === undefined || typeof provider !== "string") return [];
  const names = view.names();
  const others = names.filter((name) => view.sources(name).provider !== provider);
  if (others.length === 0 || (others.length < names.length && provider !== SIMULATOR)) return [];
  const which = others.map((name) => `"${name}"`).join(", ");
  const message = `no effect on ${which}, which set their own provider; write [profiles.${profile}.models.NAME] provider = "${provider}"`;
  return [{ path: [...written.path, "provider"], source: written.source, at: "value", message }];
}

/** Finds `price_as` with an unknown id. */
export function checkPriceAs(sources: readonly Source[], { prices }: Facts): Finding[] {
  if (prices === undefined) return [];
  const roots = sources.flatMap((source) =>
    [{ table: source.document, path: [] as Path }, ...childTables(source.document, [], "profiles")].map((root) => ({
      ...root,
      source,
    })),
  );
  const own = new Set(
    roots.flatMap(({ table, path }) => childTables(table, path, "pricing").map((found) => String(found.path.at(-1)))),
  );
  return roots.flatMap(({ table, path, source }) =>
    [
      ...childTable(table, path, "defaults"),
      ...childTables(table, path, "providers"),
      ...childTables(table, path, "models"),
    ].flatMap((inner): Finding[] => {
      const id = inner.table["price_as"];
      if (typeof id !== "string" || id === "" || isReference(id) || own.has(id) || prices.has(id)) return [];
      const meant = { word: id, among: new Set([...own, ...prices.ids()]) };
      return [{ path: [...inner.path, "price_as"], source, at: "value", message: noPrice(id), meant }];
    }),
  );
}

export function noPrice(id: string): string {
  return `no price is known for "${id}"; "price_as" must be a model id from the catalog or [pricing]`;
}

const FOUR_LINES =
  'an own server needs name, provider, custom_llm_provider (its wire format: "openai" for most) and base_url';

/** The facts about the provider of an entry. */
export function hintOf(sources: EntrySources, { providers }: Pick<Facts, "providers">): ProviderHint | undefined {
  const served = servedProvider(sources);
  // Called for each entry when a file is read; a closure would be measurably slower.
  for (let index = 0; index < providers.length; index++) if (providers[index]?.id === served) return providers[index];
  return undefined;
}

export function checkProvider(sources: EntrySources, hint: ProviderHint | undefined, facts: Facts): readonly Finding[] {
  const served = servedProvider(sources);
  if (served === undefined || served === "" || /^(?:env|file):/.test(served)) return NOTHING;
  const missing = missingForProvider(sources, hint);
  if (missing.length === 0) return NOTHING;
  const path = providerPath(sources, served);
  if (hint !== undefined)
    return [{ path, at: "value", message: `provider "${served}" needs base_url: it has no default URL` }];
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

/** More stop sequences than the provider accepts are an error, because truncating the list would change answers. */
export function tooManyStops(sources: EntrySources, hint: ProviderHint | undefined): readonly Finding[] {
  const stop = topValue(sources, "stop");
  if (hint?.maxStops === undefined || !Array.isArray(stop) || stop.length <= hint.maxStops) return NOTHING;
  const path = findSource(sources, ["stop"])?.path ?? ownPath(sources);
  const message = `"stop" has ${stop.length} sequences; provider "${hint.id}" supports at most ${hint.maxStops}`;
  return [{ path, at: "value", message }];
}

const NOTHING: readonly Finding[] = [];

function missingForProvider(sources: EntrySources, hint: ProviderHint | undefined): readonly string[] {
  if (hint?.needsBaseUrl === false) return [];
  const isSimulated = sources.provider === SIMULATOR;
  const needed = hint === undefined ? ["custom_llm_provider", "base_url"] : hint.needsBaseUrl ? ["base_url"] : [];
  return needed.filter((key) => !(isSimulated && key === "base_url") && topValue(sources, key) === undefined);
}

function providerPath(sources: EntrySources, provider: string): Path {
  const source = sources.tables.findLast(({ table }) => table.provider === provider);
  return [...(source?.path ?? ownPath(sources)), "provider"];
}
