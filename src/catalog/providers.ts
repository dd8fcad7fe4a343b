import type { ProviderRow } from "./provider-row.ts";
import { HOSTED_PROVIDERS } from "./providers-hosted.ts";
import { LOCAL_PROVIDERS } from "./providers-local.ts";
import { VENDOR_PROVIDERS } from "./providers-vendors.ts";

export type { ProviderRow } from "./provider-row.ts";

/** All built-in providers, sorted by id. */
export const PROVIDERS: readonly ProviderRow[] = [...VENDOR_PROVIDERS, ...HOSTED_PROVIDERS, ...LOCAL_PROVIDERS].sort(
  (left, right) => (left.id < right.id ? -1 : 1),
);

const BY_ID: ReadonlyMap<string, ProviderRow> = new Map(PROVIDERS.map((row) => [row.id, row]));

export function findProvider(id: string): ProviderRow | undefined {
  return BY_ID.get(id);
}

/** Facts for checking a models.toml. */
export const PROVIDER_HINTS = PROVIDERS.map((row) => {
  const { id, keyEnv, baseUrl, dialect, quirks } = row;
  return { id, keyEnv, baseUrl, wire: dialect, maxStops: quirks.maxStops, needsBaseUrl: needsBaseUrl(row) };
});

/** Whether an entry of this provider must set `base_url`. */
export function needsBaseUrl({ baseUrl, embedded }: ProviderRow): boolean {
  return baseUrl === undefined && embedded !== true;
}
