import { beginningOf } from "../core/beginning.ts";
import type { ModelError } from "../core/error.ts";
import { modelErrorOf } from "../core/failure.ts";
import { GrowingJson } from "../core/growing-json.ts";
import { placeOf } from "../core/place.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";

/** Parses the body of an answer. */
export function parseBody(text: string, target: Target): unknown {
  if (text.trim() === "") throw targetError(target, "protocol_error", "the answer has an empty body");
  try {
    return JSON.parse(text);
  } catch {
    if (isCutJson(text)) throw targetError(target, "connection_failed", "the answer was cut before its end");
    throw notJson(text, target);
  }
}

/** Servers that answer an error with the status of a success. */
export function refuseErrorBody(body: unknown, target: Target): void {
  if (typeof body !== "object" || body === null) return;
  const error = (body as { error?: unknown }).error;
  const isAnswer = "choices" in body || "output" in body || "candidates" in body;
  if (error !== undefined && error !== null && !isAnswer) throw modelErrorOf({ status: undefined, body }, target);
}

/** A web page instead of an answer is the same page the next time. The error of JSON.parse would quote the answer. */
function notJson(text: string, target: Target): ModelError {
  const isPage = text.trimStart().startsWith("<");
  const what = isPage ? "text/html" : beginningOf(text);
  const words = `expected JSON from ${placeOf(target.address.baseUrl)}, got ${what}: is base_url right?`;
  return targetError(target, "protocol_error", words, { shouldRetry: isPage ? false : undefined });
}

/** A gateway that lost its upstream may send half a body with the right length: an object that began and did not end. */
function isCutJson(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  const json = new GrowingJson();
  json.push(text);
  return json.open;
}
