import { adapt } from "./core/adapt.ts";
import type { Call } from "./core/call.ts";
import { ModelError } from "./core/error.ts";
import { Secret } from "./core/secret.ts";
import type { ModelContext } from "./model.ts";

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
  const { request } = adapt(call.input, target, dialect);
  try {
    const { keys, token } = target.credentials;
    const credential = token === undefined ? keys[0] : new Secret((await token()).token);
    return await dialect.countTokens({ ...call, request, credential });
  } finally {
    call.cancellation.release();
  }
}
