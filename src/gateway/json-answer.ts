import type { Json } from "../dialects/served/json.ts";
import type { Answer } from "./answer.ts";
import type { Arrival } from "./arrival.ts";
import { type Failure, failureHeaders } from "./problems.ts";

type Headers = Readonly<Record<string, string>>;

export function jsonAnswer(
  arrival: Pick<Arrival, "headers">,
  status: number,
  body: Json,
  headers: Headers = {},
): Answer {
  const all = { "content-type": "application/json", ...arrival.headers(), ...headers };
  return { status, headers: all, body: JSON.stringify(body) };
}

/** A failure in the words of the wire format. */
export function problemAnswer(
  arrival: Pick<Arrival, "headers" | "wire" | "requestId">,
  failure: Failure,
  headers: Headers = {},
): Answer {
  const { status, body } = arrival.wire.problem(failure.problem, arrival.requestId);
  return jsonAnswer(arrival, status, body, { ...headers, ...failureHeaders(failure) });
}
