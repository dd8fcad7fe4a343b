import { ModelError } from "../core/error.ts";
import type { BodyTap } from "../core/transport.ts";

/** A standard response whose body is observed while it is read. */
export function tapped(response: Response, tap: BodyTap | undefined): Response {
  if (tap === undefined) return response;
  const { body, status, statusText, headers } = response;
  if (!(body instanceof ReadableStream)) {
    tap.end();
    return response;
  }
  return new Response(observed(body, tap), { status, statusText, headers });
}

function observed(body: ReadableStream<Uint8Array>, tap: BodyTap): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          tap.end();
          controller.close();
        } else {
          tap.chunk(value);
          controller.enqueue(value);
        }
      } catch (error) {
        tap.fail(error);
        controller.error(error);
      }
    },
    async cancel(reason) {
      tap.fail(new ModelError({ code: "aborted", message: "The response was cancelled.", cause: reason }));
      await reader.cancel(reason);
    },
  });
}
