import type { Call } from "../core/call.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isContent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { KeyStates } from "./key-states.ts";
import { type Tokens, tokensOf } from "./tokens.ts";

/**
 * Sets the credential of each attempt. With several keys, an attempt tries the next key after a rejected or rate limited one,
 * before any content was delivered and without using a retry. A rejected token is replaced once in the same way.
 */
export function credential(states: KeyStates): Layer {
  return (call, next) => {
    const { keys } = call.target.credentials;
    const tokens = tokensOf(call.target);
    if (tokens !== undefined) return withToken(call, next, tokens);
    if (keys.length <= 1) return next({ ...call, credential: keys[0] });
    return rotate(call, next, states);
  };
}

async function* withToken(call: Call, next: Next, tokens: Tokens): Events {
  let refused: { readonly token: string; readonly error: ModelError } | undefined;
  for (;;) {
    const token = await tokens.current(call);
    if (token.token === refused?.token) {
      tokens.drop(token);
      throw refused.error;
    }
    let delivered = false;
    try {
      for await (const batch of next({ ...call, credential: token.secret })) {
        delivered ||= batch.some((event: FlowEvent) => isContent(event));
        yield batch;
      }
      return;
    } catch (error) {
      if (!isModelError(error, "unauthorized")) throw error;
      tokens.drop(token);
      if (delivered || refused !== undefined) throw error;
      refused = { token: token.token, error };
    }
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

/** The error of several keys that can be retried soonest. */
function sooner(error: ModelError, other: ModelError | undefined): ModelError {
  if (other === undefined || !other.retryable) return error;
  if (!error.retryable) return other;
  return (error.retryAfterMs ?? 0) <= (other.retryAfterMs ?? 0) ? error : other;
}
