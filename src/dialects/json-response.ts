import type { Client } from "../core/dialect.ts";
import type { Operation } from "../core/operation.ts";
import { targetError } from "../core/target-error.ts";
import { exchangeFor, isEventStream } from "./exchange.ts";
import { parseBody, refuseErrorBody } from "./json-body.ts";
import { wireError } from "./wire-error.ts";

/** Sends a request to an endpoint with a JSON response and returns the parsed body. */
export async function jsonResponse<Params>(
  operation: Operation,
  client: Client<Params>,
  params: Params,
): Promise<unknown> {
  const { target } = operation;
  const exchange = exchangeFor(operation, false);
  try {
    const response = await client.send(params, operation, exchange);
    if (isEventStream(response)) {
      response.cancel();
      throw targetError(target, "protocol_error", "expected JSON, got an event stream");
    }
    const body = parseBody(await response.text(), target);
    refuseErrorBody(body, target);
    return body;
  } catch (error) {
    throw wireError(error, operation, exchange);
  }
}
