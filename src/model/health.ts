import { MILLISECONDS, type OptionRules, TEXTS } from "../core/check-options.ts";
import type { Clock } from "../core/clock.ts";
import type { ConfigError } from "../core/config-error.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { contextOf, type Model } from "./model.ts";
import { outcomeOf } from "./outcome.ts";

export interface HealthOptions {
  /** Entries to check; a group means its members. Default: all. */
  readonly names?: readonly string[];
  /** Timeout of each entry, milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

export const HEALTH_RULES: OptionRules<HealthOptions> = { names: TEXTS, timeoutMs: MILLISECONDS };

/** Whether a model answered a small request. */
export interface ModelHealth {
  readonly healthy: boolean;
  readonly latencyMs: number;
  /** Why it is not healthy. */
  readonly error?: ModelError | ConfigError;
}

/** Errors of a model that is reachable, although a few tokens were not enough for an answer. */
const ALIVE: ReadonlySet<ModelErrorCode> = new Set([
  ...(["empty_response", "content_filtered", "refused", "degenerate_output", "invalid_tool_call"] as const),
]);

/** Sends one small request. Never throws for a failed call. */
export async function healthOf(model: Model, clock: Clock): Promise<ModelHealth> {
  const startedMs = clock.monotonic();
  const shared = { cache: "bypass", tags: ["health"] } as const;
  const outcome =
    contextOf(model)?.target.facts.embedding === undefined
      ? await model.safeCodegen("Say ok.", { maxNewTokens: 16, ...shared })
      : await outcomeOf(model.name, () => model.embed(["ok"], shared));
  const latencyMs = clock.monotonic() - startedMs;
  if (outcome.ok || (isModelError(outcome.error) && ALIVE.has(outcome.error.code))) return { healthy: true, latencyMs };
  return { healthy: false, latencyMs, error: outcome.error };
}
