import { adapt } from "../core/adapt.ts";
import type { Call } from "../core/call.ts";
import { ModelError } from "../core/error.ts";
import { servingTarget } from "../core/tools-target.ts";
import { tokensOf } from "../layers/tokens.ts";
import type { ModelContext } from "./call.ts";

/** The provider's own count of a prompt's tokens. One request, no retries: an estimate is always at hand. */
export async function countTokens({ dialect, target }: ModelContext, call: Call): Promise<number> {
  if (dialect.countTokens === undefined) {
    throw new ModelError({
      code: "unsupported",
      message: `${target.entry}: ${target.provider} has no endpoint that counts tokens; leave out \`exact\` for an estimate`,
      provider: target.provider,
      model: target.entry,
    });
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
