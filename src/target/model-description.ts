import type { Price } from "../core/cost.ts";
import type { Target } from "../core/target.ts";

/** A resolved entry for display; without secrets. */
export interface ModelDescription {
  readonly name: string;
  readonly provider: string;
  readonly modelId: string;
  readonly dialect: string;
  readonly baseUrl: string;
  readonly capabilities: Target["facts"]["capabilities"];
  readonly context: number | null;
  readonly maxOutput: number | null;
  /** USD per million tokens; null when unknown. */
  readonly price: Price | null;
  readonly fallbacks: readonly string[];
  /** Of a group: its members and strategy. The other fields are those of its first member. */
  readonly members?: readonly string[];
  readonly strategy?: string;
  /** Why the entry cannot be used now, for example a missing key; absent if it can. */
  readonly problems?: readonly string[];
}
