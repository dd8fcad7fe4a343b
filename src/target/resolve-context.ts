import type { ProviderRow } from "../catalog/providers.ts";
import type { Overlay } from "../catalog/table.ts";
import type { Config, EntryConfig } from "../config/load.ts";
import type { Token } from "../core/target.ts";

/** What entries are resolved with. */
export interface ResolveContext {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Facts besides the shipped ones. */
  readonly overlay: Overlay | undefined;
  /** Provider names that code registered a dialect for. */
  readonly custom: ReadonlySet<string>;
  readonly tokens: Readonly<Record<string, (request: { provider: string; model: string }) => Promise<Token | string>>>;
}

/** An entry with its references resolved, and what is known of its provider. */
export interface ResolvedEntry {
  readonly entry: EntryConfig;
  /** The entry as written. */
  readonly declared: EntryConfig;
  /** The row whose wire and facts hold: that of the provider, or of the one that the simulator stands in for. */
  readonly row: ProviderRow | undefined;
  readonly simulated: boolean;
}
