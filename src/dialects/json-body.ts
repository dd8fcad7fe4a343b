import { beginningOf } from "../core/beginning.ts";
import type { ModelError } from "../core/error.ts";
import { modelErrorOf } from "../core/failure.ts";
import { GrowingJson } from "../core/growing-json.ts";
import { placeOf } from "../core/place.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";

/** Parses the body of a response. */
export function parseBody(text: string, target: Target): unknown {
  if (text.trim() === "") throw targetError(target, "protocol_error", "the response body is empty");
  try {
    return JSON.parse(text);
  } catch {
    if (isCutJson(text)) throw targetError(target, "connection_failed", "the response was truncated");
    throw notJson(text, target);
  }
}

/** Some servers send errors with status 200. */
export function refuseErrorBody(body: unknown, target: Target): void {
  if (typeof body !== "object" || body === null) return;
  const error = (body as { error?: unknown }).error;
  const isAnswer = "choices" in body || "output" in body || "candidates" in body;
  if (error !== undefined && error !== null && !isAnswer) throw modelErrorOf({ status: undefined, body }, target);
}

/** An HTML page is not retried. The error of JSON.parse is omitted, because it quotes the answer. */
function notJson(text: string, target: Target): ModelError {
  const isPage = text.trimStart().startsWith("<");
  const what = isPage ? "text/html" : beginningOf(text);
  const words = `expected JSON from ${placeOf(target.address.baseUrl)}, got ${what}; check base_url`;
  return targetError(target, "protocol_error", words, { shouldRetry: isPage ? false : undefined });
}

/** A gateway that lost its upstream may send truncated JSON with a correct content length. */
function isCutJson(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  const json = new GrowingJson();
  json.push(text);
  return json.state === "open";
}
