import type { ProviderRow } from "../catalog/providers.ts";
import type { Overlay } from "../catalog/table.ts";
import type { Config, EntryConfig } from "../config/load.ts";
import type { Token } from "../core/target.ts";

/** The inputs for resolving entries. */
export interface ResolveContext {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Facts in addition to the built-in ones. */
  readonly overlay: Overlay | undefined;
  /** Provider names with a custom dialect. */
  readonly custom: ReadonlySet<string>;
  readonly tokens: Readonly<Record<string, (request: { provider: string; model: string }) => Promise<Token | string>>>;
}

/** An entry with resolved references, and its provider row. */
export interface ResolvedEntry {
  readonly entry: EntryConfig;
  /** The entry as written. */
  readonly declared: EntryConfig;
  /** The provider row for wire format and facts: that of the provider, or of the one that the simulator replaces. */
  readonly row: ProviderRow | undefined;
  readonly simulated: boolean;
}
