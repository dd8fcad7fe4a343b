import type { Json } from "../dialects/served/json.ts";
import type { Arrival } from "./arrival.ts";
import { type Failure, failureHeaders } from "./problems.ts";

type Headers = Readonly<Record<string, string>>;

export function jsonResponse(
  arrival: Pick<Arrival, "headers">,
  status: number,
  body: Json,
  headers: Headers = {},
): Response {
  const all = { "content-type": "application/json", ...arrival.headers(), ...headers };
  return new Response(JSON.stringify(body), { status, headers: all });
}

/** A failure in the words of the wire format. */
export function problemResponse(
  arrival: Pick<Arrival, "headers" | "wire" | "requestId">,
  failure: Failure,
  headers: Headers = {},
): Response {
  const { status, body } = arrival.wire.problem(failure.problem, arrival.requestId);
  return jsonResponse(arrival, status, body, { ...headers, ...failureHeaders(failure) });
}
