import { targetError } from "../core/target-error.ts";
import { type Call, CallRecord } from "../core/call.ts";
import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import type { Clock } from "../core/clock.ts";
import type { Dialect } from "../core/dialect.ts";
import { isModelError } from "../core/error.ts";
import type { OfferedModel } from "../core/offered-model.ts";
import { EMPTY_REQUEST } from "../core/request.ts";
import type { Secret } from "../core/secret.ts";
import type { Target } from "../core/target.ts";
import type { Transport } from "../core/transport.ts";
import { tokensOf } from "../layers/tokens.ts";

export interface DiscoverOptions {
  /** Longest wait for the whole list, milliseconds. Default 30000. */
  readonly timeoutMs?: number | undefined;
  /** Which of the entry's keys to ask with, from 0. Default: the first that is not refused. */
  readonly key?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

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
  readonly random: () => number;
}

/** What errors name in the place of a model. */
const LIST = "list of models";

const DEFAULT_TIMEOUT_MS = 30_000;

/** One pass over the pages of a provider's list of models. */
export async function discover(context: DiscoverContext, options: DiscoverOptions): Promise<Discovery> {
  const { dialect, clock } = context;
  const target = listTarget(context.target);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const { modelList } = target.quirks;
  const isSimulated = target.provider === "simulator";
  if (dialect.listModels === undefined)
    throw targetError(target, "unsupported", `the ${dialect.name} wire has no list of models`);
  if (typeof modelList === "object" && !isSimulated) throw targetError(target, "unsupported", modelList.none);
  if (!(timeoutMs > 0)) throw targetError(target, "invalid_request", "timeoutMs must be more than 0");
  const cancellation = new Cancellation();
  if (signal !== undefined) cancellation.follow(signal);
  const late = targetError(target, "timed_out", `no list of models within ${timeoutMs} ms`, { phase: "deadline" });
  const off = clock.schedule(() => cancellation.cancel(late), timeoutMs);
  try {
    const models = await listed(dialect.listModels, context, options.key, cancellation);
    return { provider: target.provider, models, complete: modelList === undefined && !isSimulated };
  } finally {
    off();
    cancellation.release();
  }
}

/** With each key in turn while they are refused, as a call would. */
async function listed(
  listModels: NonNullable<Dialect["listModels"]>,
  context: DiscoverContext,
  key: number | undefined,
  cancellation: Cancellation,
): Promise<readonly OfferedModel[]> {
  const credentials = await credentialsFor(context, key, cancellation);
  let refusal: unknown;
  for (const credential of credentials) {
    cancellation.throwIfCancelled();
    try {
      return await unlessCancelled(listModels(callOf(context, credential, cancellation)), cancellation);
    } catch (error) {
      if (!isModelError(error) || !error.row.rotatesKey) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

async function credentialsFor(
  context: DiscoverContext,
  key: number | undefined,
  cancellation: Cancellation,
): Promise<readonly (Secret | undefined)[]> {
  const { target } = context;
  const tokens = tokensOf(target);
  if (tokens !== undefined) return [(await tokens.current(callOf(context, undefined, cancellation))).secret];
  const { keys } = target.credentials;
  if (key === undefined) return keys.length === 0 ? [undefined] : keys;
  const chosen = keys[key];
  if (chosen === undefined) throw targetError(listTarget(target), "invalid_request", `the entry has no key number ${key}`);
  return [chosen];
}

function callOf(context: DiscoverContext, credential: Secret | undefined, cancellation: Cancellation): Call {
  const { target, transport, clock, random } = context;
  return {
    input: { ...EMPTY_REQUEST, raw: false, tags: [] },
    target: listTarget(target),
    request: EMPTY_REQUEST,
    streaming: false,
    onBreak: "error",
    cancellation,
    credential,
    tryIndex: 0,
    fallbackRemains: false,
    deadlineAtMs: undefined,
    record: new CallRecord("discovery", clock.monotonic()),
    transport,
    clock,
    random,
  };
}

/** Errors name the provider and what was asked for; the list has nothing to do with the entry's model. */
function listTarget(target: Target): Target {
  return { ...target, modelId: LIST };
}
