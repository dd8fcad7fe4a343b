import type { Adjustment } from "../core/attempt.ts";
import type { CallInput } from "../core/call.ts";
import { estimateTokens } from "../core/estimate.ts";
import { promptRoom } from "../core/prompt-room.ts";
import type { Target } from "../core/target.ts";
import { misfitError } from "../core/target-error.ts";
import { leastTokens, trimmed } from "../core/trim.ts";

interface Fitted {
  readonly input: CallInput;
  readonly adjustment?: Adjustment;
}

/**
 * With `overflow = "trim"`, leaves out the oldest messages of a prompt that does not fit into the target's window.
 * @throws ModelError `context_too_long` if not even the newest message fits.
 */
export function fitted(input: CallInput, target: Target): Fitted {
  const room = target.policy.overflow === "trim" ? promptRoom(target, input) : undefined;
  if (room === undefined || estimateTokens(input.messages) <= room) return { input };
  const messages = trimmed(input.messages, room);
  if (messages === undefined) {
    const words = `the system messages and the newest message have about ${leastTokens(input.messages)} tokens, the context window leaves ${room}; nothing was sent`;
    throw misfitError(target, "context_too_long", words);
  }
  const [from, to] = [input.messages.length, messages.length];
  const reason = `overflow = "trim": the oldest ${from - to} messages were left out, because the context window leaves about ${room} tokens for the messages`;
  return { input: { ...input, messages }, adjustment: { setting: "messages", from, to, reason } };
}
