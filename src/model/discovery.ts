import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { INDEX, MILLISECONDS, type OptionRules, SIGNAL } from "../core/check-options.ts";
import { type Clock, scheduleLimit } from "../core/clock.ts";
import type { Dialect } from "../core/dialect.ts";
import { isModelError } from "../core/error.ts";
import type { OfferedModel } from "../core/offered-model.ts";
import type { Operation } from "../core/operation.ts";
import type { Secret } from "../core/secret.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import type { Transport } from "../core/transport.ts";
import { type Tokens, tokensOf } from "../layers/tokens.ts";

export interface DiscoverOptions {
  /** Timeout of the complete list, milliseconds. Default 30000. */
  readonly timeoutMs?: number | undefined;
  /** Index of the entry's API key to use. Default: the first one that is not rejected. */
  readonly key?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const DISCOVER_RULES: OptionRules<DiscoverOptions> = { timeoutMs: MILLISECONDS, key: INDEX, signal: SIGNAL };

/** A provider's list of models. */
export interface Discovery {
  readonly provider: string;
  /** In the provider's order, each id once. */
  readonly models: readonly OfferedModel[];
  /** False if the provider is known to omit models from its list. */
  readonly complete: boolean;
}

export interface DiscoverContext {
  readonly target: Target;
  readonly dialect: Dialect;
  readonly transport: Transport;
  readonly clock: Clock;
}

/** Used in errors instead of a model id. */
const LIST = "list of models";

const DEFAULT_TIMEOUT_MS = 30_000;

/** Reads all pages of a provider's list of models. */
export async function discover(context: DiscoverContext, options: DiscoverOptions): Promise<Discovery> {
  const { dialect, transport, clock } = context;
  // Errors name the provider and the list, not the entry's model.
  const target: Target = { ...context.target, modelId: LIST };
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const { modelList } = target.quirks;
  const isSimulated = target.simulated === true;
  if (dialect.listModels === undefined)
    throw targetError(target, "unsupported", `the ${dialect.name} wire has no list of models`);
  if (typeof modelList === "object" && !isSimulated) throw targetError(target, "unsupported", modelList.none);
  const cancellation = new Cancellation();
  if (signal !== undefined) cancellation.follow(signal);
  const late = targetError(target, "timed_out", `no list of models within ${timeoutMs} ms`, { phase: "deadline" });
  const off = scheduleLimit(clock, () => cancellation.cancel(late), timeoutMs);
  try {
    const operation: Operation = { target, credential: undefined, cancellation, transport, clock };
    const credentials = await credentialsFor(tokensOf(context.target), options.key, operation);
    const models = await listed(dialect.listModels.bind(dialect), operation, credentials);
    return { provider: target.provider, models, complete: modelList === undefined && !isSimulated };
  } finally {
    off();
    cancellation.release();
  }
}

/** Tries the next key if one is rejected, like a call. */
async function listed(
  listModels: NonNullable<Dialect["listModels"]>,
  operation: Operation,
  credentials: readonly (Secret | undefined)[],
): Promise<readonly OfferedModel[]> {
  const { cancellation } = operation;
  let refusal: unknown;
  for (const credential of credentials) {
    cancellation.throwIfCancelled();
    try {
      return await unlessCancelled(listModels({ ...operation, credential }), cancellation);
    } catch (error) {
      if (!isModelError(error) || !error.row.rotatesKey) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** `tokens` and keys belong to the entry's target. */
async function credentialsFor(
  tokens: Tokens | undefined,
  key: number | undefined,
  operation: Operation,
): Promise<readonly (Secret | undefined)[]> {
  if (tokens !== undefined) return [(await tokens.current(operation)).secret];
  const { keys } = operation.target.credentials;
  if (key === undefined) return keys.length === 0 ? [undefined] : keys;
  const chosen = keys[key];
  if (chosen === undefined)
    throw targetError(operation.target, "invalid_request", `the entry has no key with index ${key}`);
  return [chosen];
}
