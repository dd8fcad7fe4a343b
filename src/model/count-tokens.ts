import { adapt } from "../core/adapt.ts";
import type { GivenDeadline } from "../core/call.ts";
import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { scheduleLimit } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import type { RequestOperation } from "../core/operation.ts";
import type { Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { servingTarget } from "../core/tools-target.ts";
import { timedOut } from "../layers/timeout.ts";
import { tokensOf } from "../layers/tokens.ts";
import type { Prepared } from "./call.ts";

/**
 * The provider's token count of a prompt. One request without retries, because an estimate is always available; it may take as
 * long as an attempt, and not longer than the call or `given`.
 */
export async function countTokens({ context, input, signal }: Prepared, given?: GivenDeadline): Promise<number> {
  const { dialect, target, transport, clock } = context;
  const { countTokens: count } = dialect;
  if (count === undefined) {
    const words = `${target.provider} has no token counting endpoint; omit \`exact\` for an estimate`;
    throw entryError(target, "unsupported", words);
  }
  const { request } = adapt({ ...input, samples: 1 }, servingTarget(target, input), dialect);
  const cancellation = new Cancellation();
  if (signal !== undefined) cancellation.follow(signal);
  const { limitMs, late } = limitOf(target, given);
  const off = scheduleLimit(clock, () => cancellation.cancel(late()), limitMs);
  const [credential] = target.credentials.keys;
  const operation: RequestOperation = { target, request, credential, transport, clock, cancellation };
  const counted = async () => {
    const token = await tokensOf(target)?.current(operation);
    return await count.call(dialect, token === undefined ? operation : { ...operation, credential: token.secret });
  };
  try {
    return await unlessCancelled(counted(), cancellation);
  } finally {
    off();
    cancellation.release();
  }
}

interface Limit {
  readonly limitMs: number;
  readonly late: () => ModelError;
}

/** The shortest one. */
function limitOf(target: Target, given: GivenDeadline | undefined): Limit {
  const { attemptTimeoutMs, deadlineMs = Number.POSITIVE_INFINITY } = target.policy;
  const givenMs = given?.limitMs ?? Number.POSITIVE_INFINITY;
  const limitMs = Math.min(attemptTimeoutMs, deadlineMs, givenMs);
  const phase = limitMs === attemptTimeoutMs ? "attempt" : "deadline";
  const by = limitMs === givenMs ? given?.by : undefined;
  return { limitMs, late: () => timedOut({ target }, phase, limitMs, "no token count", by) };
}
