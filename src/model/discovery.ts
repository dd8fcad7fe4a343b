import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { INDEX, MILLISECONDS, type OptionRules, SIGNAL } from "../core/check-options.ts";
import type { Clock } from "../core/clock.ts";
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
  /** Longest wait for the whole list, milliseconds. Default 30000. */
  readonly timeoutMs?: number | undefined;
  /** Which of the entry's keys to ask with, from 0. Default: the first that is not refused. */
  readonly key?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const DISCOVER_RULES: OptionRules<DiscoverOptions> = { timeoutMs: MILLISECONDS, key: INDEX, signal: SIGNAL };

/** What a provider says it offers. */
export interface Discovery {
  readonly provider: string;
  /** In the provider's order, each id once. */
  readonly models: readonly OfferedModel[];
  /** False where the provider is known to serve models that its list leaves out. */
  readonly complete: boolean;
}

export interface DiscoverContext {
  readonly target: Target;
  readonly dialect: Dialect;
  readonly transport: Transport;
  readonly clock: Clock;
}

/** What errors name in the place of a model. */
const LIST = "list of models";

const DEFAULT_TIMEOUT_MS = 30_000;

/** One pass over the pages of a provider's list of models. */
export async function discover(context: DiscoverContext, options: DiscoverOptions): Promise<Discovery> {
  const { dialect, transport, clock } = context;
  // Errors name the provider and what was asked for; the list has nothing to do with the entry's model.
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
  const off = clock.schedule(() => cancellation.cancel(late), timeoutMs);
  try {
    const operation: Operation = { target, credential: undefined, cancellation, transport, clock };
    const credentials = await credentialsFor(tokensOf(context.target), options.key, operation);
    const models = await listed(dialect.listModels, operation, credentials);
    return { provider: target.provider, models, complete: modelList === undefined && !isSimulated };
  } finally {
    off();
    cancellation.release();
  }
}

/** With each key in turn while they are refused, as a call would. */
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

/** `tokens` and keys are those of the entry's own target. */
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
    throw targetError(operation.target, "invalid_request", `the entry has no key number ${key}`);
  return [chosen];
}
