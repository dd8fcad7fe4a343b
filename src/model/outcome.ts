import { isModelError, ModelError } from "../core/error.ts";
import type { Reply } from "../core/reply.ts";

export type Outcome<Answer = Reply> =
  | { readonly ok: true; readonly reply: Answer }
  | { readonly ok: false; readonly error: ModelError };

/** The outcome of a call that never throws. */
export async function outcomeOf<Answer>(model: string, call: () => Promise<Answer>): Promise<Outcome<Answer>> {
  try {
    return { ok: true, reply: await call() };
  } catch (error) {
    if (isModelError(error)) return { ok: false, error };
    // Not a failed call, but an invalid argument, for example an options object with a getter that throws.
    const words = error instanceof Error ? error.message : String(error);
    const message = `${model}: invalid arguments: ${words}`;
    return { ok: false, error: new ModelError({ code: "invalid_request", message, model, cause: error }) };
  }
}
