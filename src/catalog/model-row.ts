import type { Price } from "../core/cost.ts";
import type { Effort, SettingName } from "../core/request.ts";
import type { Capability, EmbeddingFacts, ModelFacts } from "../core/target.ts";

/** Models that the data packages lack or have wrong; used when the table is generated. */
export interface AddedModels {
  readonly providers: readonly string[];
  readonly models: readonly ModelRow[];
  readonly source: string;
}

/** One model at one provider in the generated table. */
export interface ModelRow {
  readonly id: string;
  readonly context?: number;
  readonly maxOutput?: number;
  /** Capabilities that it has and lacks; others are unknown. */
  readonly can?: readonly Capability[];
  readonly cannot?: readonly Capability[];
  readonly efforts?: readonly Effort[];
  readonly reasoningWire?: NonNullable<ModelFacts["reasoningWire"]>;
  readonly lacks?: readonly SettingName[];
  readonly lacksWithEffort?: readonly SettingName[];
  readonly oneSampler?: true;
  readonly systemRole?: NonNullable<ModelFacts["systemRole"]>;
  readonly anthropicVersion?: string;
  readonly dialect?: string;
  readonly toolResultMedia?: true;
  readonly embedding?: EmbeddingFacts;
  /** Release day or month, ISO format; only in cached rows. */
  readonly releasedOn?: string;
  /** Deprecated by its provider; only in cached rows. */
  readonly deprecated?: true;
  readonly retiresOn?: string;
  readonly price?: Price;
  /** The price depends on the day or hour and is looked up on use. */
  readonly timedPrice?: true;
}
