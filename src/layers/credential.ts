import type { Call } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isContent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { Secret } from "../core/secret.ts";
import type { Target, Token } from "../core/target.ts";
import type { KeyStates } from "./key-states.ts";
import { timedOut } from "./timeout.ts";

interface TokenState {
  known: Token | undefined;
  asking: Promise<Token> | undefined;
}

const RENEW_BEFORE_MS = 60_000;

/**
 * Gives each attempt its credential. With several keys, one pass over them: a dead or throttled key hands on to the next
 * before anything was delivered, and that uses no retry.
 */
export function credential(states: KeyStates): Layer {
  const tokens = new WeakMap<Target, TokenState>();
  return (call, next) => {
    const { keys, token } = call.target.credentials;
    if (token !== undefined) return withToken(call, next, tokens, token);
    if (keys.length <= 1) return next({ ...call, credential: keys[0] });
    return rotate(call, next, states);
  };
}

async function* withToken(
  call: Call,
  next: Next,
  tokens: WeakMap<Target, TokenState>,
  hook: () => Promise<Token>,
): Events {
  const state = tokens.get(call.target) ?? { known: undefined, asking: undefined };
  tokens.set(call.target, state);
  const token = await withinAttempt(call, freshToken(call, state, hook));
  try {
    yield* next({ ...call, credential: new Secret(token.token) });
  } catch (error) {
    // Revoked before its time: the next attempt asks for another.
    if (isModelError(error, "unauthorized") && state.known === token) state.known = undefined;
    throw error;
  }
}

/** A hook that never answers is an attempt that never ends, so the attempt's clock holds for it. */
async function withinAttempt(call: Call, asked: Promise<Token>): Promise<Token> {
  const { attemptTimeoutMs } = call.target.policy;
  const attempt = call.cancellation.child();
  const late = timedOut(call, "attempt", attemptTimeoutMs, "no credential");
  const off = call.clock.schedule(() => attempt.cancel(late), attemptTimeoutMs);
  try {
    return await unlessCancelled(asked, attempt);
  } finally {
    off();
    attempt.release();
  }
}

/** One request for a token at a time per target, also when many calls need it at once. */
function freshToken({ target, clock }: Call, state: TokenState, hook: () => Promise<Token>): Promise<Token> {
  const { known } = state;
  if (known?.expiresAt !== undefined && known.expiresAt - RENEW_BEFORE_MS > clock.now()) return Promise.resolve(known);
  state.asking ??= askForToken(target, state, hook).finally(() => {
    state.asking = undefined;
  });
  return state.asking;
}

async function askForToken(target: Target, state: TokenState, hook: () => Promise<Token>): Promise<Token> {
  try {
    state.known = await hook();
    return state.known;
  } catch (cause) {
    throw new ModelError({
      code: "unauthorized",
      message: `${target.entry}: the token hook of "${target.provider}" failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      provider: target.provider,
      model: target.entry,
      cause,
    });
  }
}

async function* rotate(call: Call, next: Next, states: KeyStates): Events {
  let soonest: ModelError | undefined;
  for (const key of states.usable(call)) {
    let delivered = false;
    try {
      for await (const batch of next({ ...call, credential: key })) {
        delivered ||= batch.some((event: FlowEvent) => isContent(event));
        yield batch;
      }
      return;
    } catch (error) {
      if (!isModelError(error) || delivered || !error.row.rotatesKey) throw error;
      states.note(key, error, call);
      soonest = sooner(error, soonest);
    }
  }
  throw soonest ?? states.nothingUsable(call);
}

/** Of the failures of several keys, the one that another try helps soonest. */
function sooner(error: ModelError, other: ModelError | undefined): ModelError {
  if (other === undefined || !other.retryable) return error;
  if (!error.retryable) return other;
  return (error.retryAfterMs ?? 0) <= (other.retryAfterMs ?? 0) ? error : other;
}
