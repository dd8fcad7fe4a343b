import type { Call } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import { isModelError, ModelError, type ModelErrorCode } from "../core/error.ts";
import { type Events, type FlowEvent, isContent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { Secret } from "../core/secret.ts";
import type { Target, Token } from "../core/target.ts";
import { timedOut } from "./timeout.ts";

/** A dead key is not tried again; a throttled one rests until the provider's time is over. */
interface KeyState {
  dead: boolean;
  pausedUntilMs: number;
  /** What the provider last said of it. */
  readonly code: ModelErrorCode;
}

interface TokenState {
  known: Token | undefined;
  asking: Promise<Token> | undefined;
}

/** How long a throttled key rests when the provider names no time. */
const PAUSE_MS = 10_000;
const RENEW_BEFORE_MS = 60_000;

/**
 * Gives each attempt its credential. With several keys, one pass over them: a dead or throttled key hands on to the next
 * before anything was delivered, and that uses no retry.
 */
export function credential(): Layer {
  const states = new WeakMap<Secret, KeyState>();
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

async function* rotate(call: Call, next: Next, states: WeakMap<Secret, KeyState>): Events {
  let last: ModelError | undefined;
  for (const key of usable(call, states)) {
    let delivered = false;
    try {
      for await (const batch of next({ ...call, credential: key })) {
        delivered ||= batch.some((event: FlowEvent) => isContent(event));
        yield batch;
      }
      return;
    } catch (error) {
      if (!isModelError(error) || delivered || !error.row.rotatesKey) throw error;
      note(key, error, call, states);
      last = error;
    }
  }
  throw last ?? allDead(call.target, states);
}

function allDead({ entry, provider, credentials }: Target, states: WeakMap<Secret, KeyState>): ModelError {
  const codes = credentials.keys.map((key) => states.get(key)?.code ?? "unauthorized");
  return new ModelError({
    code: codes[0] ?? "unauthorized",
    message: `${entry}: every key is dead (${codes.join(", ")})`,
    provider,
    model: entry,
  });
}

/** Living keys; those that rest come last, the one that rests shortest first. */
function usable(call: Call, states: WeakMap<Secret, KeyState>): readonly Secret[] {
  const now = call.clock.monotonic();
  const pause = (key: Secret) => Math.max(0, (states.get(key)?.pausedUntilMs ?? 0) - now);
  return call.target.credentials.keys
    .filter((key) => states.get(key)?.dead !== true)
    .sort((left, right) => pause(left) - pause(right));
}

function note(key: Secret, error: ModelError, call: Call, states: WeakMap<Secret, KeyState>): void {
  const throttled = error.code === "rate_limited";
  const pausedUntilMs = throttled ? call.clock.monotonic() + (error.retryAfterMs ?? PAUSE_MS) : 0;
  states.set(key, { dead: !throttled && error.code !== "forbidden", pausedUntilMs, code: error.code });
}
