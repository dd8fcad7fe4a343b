import { requestIdOf } from "../core/answer-headers.ts";
import { beginningOf } from "../core/beginning.ts";
import { hasEcho, withoutEcho } from "../core/echo.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { modelErrorOf } from "../core/failure.ts";
import type { Operation } from "../core/operation.ts";
import { ReportedError } from "../core/reported-error.ts";
import type { Target } from "../core/target.ts";
import { requestPrefix, targetError } from "../core/target-error.ts";
import type { Exchange } from "../core/transport.ts";

/** Parses the data of a stream event; invalid JSON is a protocol error. */
export function parseEvent(data: string, target: Target): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    // The error of JSON.parse quotes the data, which may be a part of the answer.
    throw targetError(target, "protocol_error", `an event of the stream is not JSON: ${beginningOf(data)}`);
  }
  if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  throw targetError(target, "protocol_error", "an event of the stream is not an object");
}

/** SDKs wrap errors of our fetch and drop the provider's message; the exchange still has both. */
export function wireError(error: unknown, operation: Operation, exchange: Exchange): ModelError {
  const { target, cancellation, clock } = operation;
  if (cancellation.reason !== undefined) return cancellation.reason;
  const own = ownError(error) ?? ownError(exchange.failure);
  if (own !== undefined) return located(own, target, exchange);
  const { response } = exchange;
  if (response !== undefined && !response.ok) {
    const { status, headers } = response;
    const failure = {
      status,
      headers,
      body: exchange.errorBody,
      requestBytes: exchange.requestBytes,
      cause: withHeaders(error, headers),
      nowMs: clock.now(),
    };
    return located(modelErrorOf(failure, target), target, exchange);
  }
  // JSON.stringify and recursive readers overflow the stack; JSON.parse reads any depth.
  if (response !== undefined && error instanceof RangeError)
    return located(targetError(target, "protocol_error", "the response is nested too deeply"), target, exchange);
  // SDKs replace errors of a custom transport.
  const foreign: unknown = exchange.failure ?? error;
  const words = foreign instanceof Error ? foreign.message : String(foreign);
  // Nothing was sent: the request cannot be serialized, for example a bigint in extra_body.
  const failed = exchange.sent
    ? targetError(target, "protocol_error", `the SDK could not handle the exchange: ${words}`, { cause: foreign })
    : targetError(target, "invalid_request", `the request cannot be sent: ${words}`, { cause: foreign });
  return located(failed, target, exchange);
}

/** One SDK's errors have no headers. */
function withHeaders(error: unknown, headers: Headers): unknown {
  if (error instanceof Error && !("headers" in error))
    Object.defineProperty(error, "headers", { value: headers, enumerable: true, configurable: true });
  return error;
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
 * Adds the target to errors of the transport, and the headers to errors inside a stream, and removes repeated parts of the
 * request. Of a cause that repeats the request, only a cleaned message is kept.
 */
function located(error: ModelError, target: Target, exchange: Exchange): ModelError {
  const known = error.model !== undefined;
  const id = error.requestId ?? requestIdOf(exchange.response?.headers);
  const cause = error.cause ?? (known ? undefined : error);
  const cleanCause = hasEcho(cause, exchange) ? withoutBody(cause, exchange) : cause;
  const cleanId = id === undefined ? undefined : withoutEcho(id, exchange);
  const who = requestPrefix(target);
  const named = error.message.startsWith(who);
  const prompt = exchange.quotesPrompt === true ? undefined : exchange.prompt;
  const words = withoutEcho(error.message.slice(named ? who.length : 0), { secrets: exchange.secrets, prompt });
  const message = known && !named ? words : `${who}${words}`;
  const isClean = cleanCause === error.cause && message === error.message;
  if (known && isClean && cleanId === error.requestId) return error;
  return new ModelError({
    code: error.code,
    message,
    provider: target.provider,
    model: target.entry,
    status: error.status ?? (known ? undefined : exchange.response?.status),
    requestId: cleanId,
    retryAfterMs: error.retryAfterMs,
    rateLimit: error.rateLimit,
    phase: error.phase,
    partial: error.partial,
    shouldRetry: error.shouldRetry,
    reusedSocket: error.reusedSocket,
    cause: cleanCause,
  });
}

function withoutBody(cause: unknown, exchange: Exchange): ReportedError | undefined {
  if (!(cause instanceof ReportedError)) return undefined;
  return new ReportedError(withoutEcho(cause.message, exchange), cause.status);
}
