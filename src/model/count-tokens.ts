import { adapt } from "../core/adapt.ts";
import { Cancellation } from "../core/cancellation.ts";
import type { RequestOperation } from "../core/operation.ts";
import { entryError } from "../core/target-error.ts";
import { servingTarget } from "../core/tools-target.ts";
import { tokensOf } from "../layers/tokens.ts";
import type { Prepared } from "./call.ts";

/** The provider's token count of a prompt. One request without retries, because an estimate is always available. */
export async function countTokens({ context, input, signal }: Prepared): Promise<number> {
  const { dialect, target, transport, clock } = context;
  if (dialect.countTokens === undefined) {
    const words = `${target.provider} has no token counting endpoint; omit \`exact\` for an estimate`;
    throw entryError(target, "unsupported", words);
  }
  const { request } = adapt({ ...input, samples: 1 }, servingTarget(target, input), dialect);
  const cancellation = new Cancellation();
  if (signal !== undefined) cancellation.follow(signal);
  const [credential] = target.credentials.keys;
  const operation: RequestOperation = { target, request, credential, transport, clock, cancellation };
  try {
    const token = await tokensOf(target)?.current(operation);
    return await dialect.countTokens(token === undefined ? operation : { ...operation, credential: token.secret });
  } finally {
    cancellation.release();
  }
}
