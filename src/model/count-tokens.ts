import { entryError } from "../core/target-error.ts";
import { adapt } from "../core/adapt.ts";
import type { Call } from "../core/call.ts";
import { servingTarget } from "../core/tools-target.ts";
import { tokensOf } from "../layers/tokens.ts";
import type { ModelContext } from "./call.ts";

/** The provider's own count of a prompt's tokens. One request, no retries: an estimate is always at hand. */
export async function countTokens({ dialect, target }: ModelContext, call: Call): Promise<number> {
  if (dialect.countTokens === undefined) {
    const words = `${target.provider} has no endpoint that counts tokens; leave out \`exact\` for an estimate`;
    throw entryError(target, "unsupported", words);
  }
  const { request } = adapt(call.input, servingTarget(target, call.input), dialect);
  try {
    const tokens = tokensOf(target);
    const [key] = target.credentials.keys;
    const credential = tokens === undefined ? key : (await tokens.current(call)).secret;
    return await dialect.countTokens({ ...call, request, credential });
  } finally {
    call.cancellation.release();
  }
}
