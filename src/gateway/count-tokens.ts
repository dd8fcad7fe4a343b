import { isModelError } from "../core/error.ts";
import { countFor } from "../model/model.ts";
import type { Arrival } from "./arrival.ts";
import { callOf, type ModelCall } from "./model-call.ts";
import { jsonResponse } from "./responses.ts";

/** Counts the tokens of a prompt, with the provider if it can. */
export async function countTokens(arrival: Arrival): Promise<Response> {
  const call = await callOf(arrival, true);
  arrival.note({ model: call.name });
  return jsonResponse(arrival, 200, arrival.wire.counted(await counted(call, arrival.request.signal)));
}

async function counted({ model, messages, options, sameWire }: ModelCall, signal: AbortSignal): Promise<number> {
  try {
    return await countFor(model, messages, { ...options, signal }, sameWire);
  } catch (error) {
    // Without an endpoint for that, an estimate is what there is.
    if (isModelError(error, "unsupported")) return model.countTokens(messages, options);
    throw error;
  }
}
