import type { Price } from "../core/cost.ts";
import type { Effort, SettingName } from "../core/request.ts";
import type { Capability, ModelFacts } from "../core/target.ts";

/** One model at one provider, as the generated table holds it. */
export interface ModelRow {
  readonly id: string;
  readonly context?: number;
  readonly maxOutput?: number;
  /** Capabilities it has and has not; a capability in neither list is unknown. */
  readonly can?: readonly Capability[];
  readonly cannot?: readonly Capability[];
  readonly efforts?: readonly Effort[];
  readonly reasoningWire?: NonNullable<ModelFacts["reasoningWire"]>;
  readonly lacks?: readonly SettingName[];
  readonly systemRole?: NonNullable<ModelFacts["systemRole"]>;
  readonly anthropicVersion?: string;
  readonly dialect?: string;
  readonly toolResultMedia?: true;
  /** Day or month it came out, ISO date; known of cached rows only. */
  readonly releasedOn?: string;
  /** Its provider advises against it; known of cached rows only. */
  readonly deprecated?: true;
  readonly retiresOn?: string;
  readonly price?: Price;
  /** Its price depends on the day or hour and is asked when needed. */
  readonly timedPrice?: true;
}
