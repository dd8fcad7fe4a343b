import { Cancellation } from "../core/cancellation.ts";
import { maxPromptBytes } from "../core/prompt-size.ts";
import type { Prepared } from "./call.ts";
import { readMedia } from "./read-media.ts";

/** The call with the contents of its blobs and local files. Without `cancellation`, only its own signal ends the reading. */
export async function withMedia(prepared: Prepared, cancellation?: Cancellation): Promise<Prepared> {
  const { context, input, signal } = prepared;
  const maxBytes = maxPromptBytes(input, context.target);
  const scope = cancellation ?? new Cancellation();
  try {
    if (cancellation === undefined && signal !== undefined) scope.follow(signal);
    scope.throwIfCancelled();
    const messages = await readMedia(input.messages, { maxBytes, cancellation: scope });
    return { ...prepared, input: { ...input, messages } };
  } finally {
    if (cancellation === undefined) scope.release();
  }
}
