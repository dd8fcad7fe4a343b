import { requestIdOf } from "../core/answer-headers.ts";
import type { Call } from "../core/call.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { modelErrorOf } from "../core/failure.ts";
import { redact } from "../core/secret.ts";
import type { Target } from "../core/target.ts";
import type { Exchange } from "../core/transport.ts";

/** A ModelError that names provider and model; what decoders throw. */
export function targetError(target: Target, code: ModelError["code"], words: string, cause?: unknown): ModelError {
  return new ModelError({
    code,
    message: `${target.provider} (${target.modelId}): ${words}`,
    provider: target.provider,
    model: target.entry,
    cause,
  });
}

/** Parses the data of one event of a stream; a broken one is a protocol error. */
export function parseEvent(data: string, target: Target): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  } catch (cause) {
    throw targetError(target, "protocol_error", `an event of the stream is not JSON: ${data.slice(0, 200)}`, cause);
  }
  throw targetError(target, "protocol_error", `an event of the stream is not an object: ${data.slice(0, 200)}`);
}

/** SDKs wrap what our fetch threw and drop what the provider said; the exchange still has both. */
export function wireError(error: unknown, call: Call, exchange: Exchange): ModelError {
  const { target, cancellation } = call;
  if (cancellation.reason !== undefined) return cancellation.reason;
  const own = ownError(error) ?? exchange.failure;
  if (own !== undefined) return located(own, target, exchange);
  const { response } = exchange;
  if (response !== undefined && !response.ok) {
    return modelErrorOf(
      {
        status: response.status,
        headers: response.headers,
        body: exchange.errorBody,
        cause: error,
        nowMs: call.clock.now(),
      },
      target,
    );
  }
  const words = error instanceof Error ? error.message : String(error);
  // Nothing left: the request itself cannot be written, for example for a bigint in extra_body.
  if (!exchange.sent) return targetError(target, "invalid_request", `the request cannot be sent: ${words}`, error);
  return targetError(target, "protocol_error", `the SDK could not handle the exchange: ${words}`, error);
}

function ownError(error: unknown): ModelError | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth++) {
    if (isModelError(current)) return current;
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}

/**
 * Errors of the transport do not know for whom they worked, those inside a stream do not see its headers, and words
 * quoted from a body may repeat a key. What else quotes that body is left behind with it.
 */
function located(error: ModelError, target: Target, exchange: Exchange): ModelError {
  const known = error.model !== undefined;
  const id = error.requestId ?? requestIdOf(exchange.response?.headers);
  const words = redact(error.message, exchange.secrets ?? []);
  const clean = words === error.message;
  if (known && clean && id === error.requestId) return error;
  return new ModelError({
    code: error.code,
    message: known ? words : `${target.provider} (${target.modelId}): ${words}`,
    provider: target.provider,
    model: target.entry,
    status: error.status ?? (known ? undefined : exchange.response?.status),
    requestId: id,
    retryAfterMs: error.retryAfterMs,
    phase: error.phase,
    partial: error.partial,
    shouldRetry: error.shouldRetry,
    cause: clean ? (error.cause ?? (known ? undefined : error)) : undefined,
  });
}
