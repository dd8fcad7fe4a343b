import { asObject, type Json } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { WireEvent } from "../../server-wire.ts";
import { openaiProblem } from "./write-error.ts";

/**
 * The API sends a nested error, its reference describes a flat one, so this has both. Then the response fails, if it had begun.
 * `sequence` is the number of the first event.
 */
export function failureEvents(problem: Problem, sequence: number, response: Json | undefined): readonly WireEvent[] {
  const error = asObject(openaiProblem(problem).body.error) ?? {};
  const { code, message, param } = error;
  const flat = named({ type: "error", sequence_number: sequence, code, message, param, error });
  if (response === undefined) return [flat];
  const failedCode = problem.kind === "rate-limit" ? "rate_limit_exceeded" : "server_error";
  const failed = { ...response, status: "failed", error: { code: failedCode, message } };
  return [flat, named({ type: "response.failed", sequence_number: sequence + 1, response: failed })];
}

function named(event: Json): WireEvent {
  return { name: String(event.type), data: event };
}
