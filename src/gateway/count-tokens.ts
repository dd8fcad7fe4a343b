import { isModelError } from "../core/error.ts";
import { countFor } from "../model/model.ts";
import type { Answer } from "./answer.ts";
import type { Arrival } from "./arrival.ts";
import { jsonAnswer } from "./json-answer.ts";
import { callOf, type ModelCall } from "./model-call.ts";

/** Counts the tokens of a prompt, with the provider if it can. */
export async function countTokens(arrival: Arrival): Promise<Answer> {
  const call = await callOf(arrival, true);
  arrival.note({ model: call.name });
  return jsonAnswer(arrival, 200, arrival.wire.counted(await counted(call, arrival.request.signal)));
}

async function counted(call: ModelCall, signal: AbortSignal): Promise<number> {
  const { model, messages, options, sameWire, deadlineOf: deadline } = call;
  try {
    return await countFor(model, messages, { ...options, signal }, { sameWire, deadline });
  } catch (error) {
    // Without an endpoint for that, an estimate is what there is.
    if (isModelError(error, "unsupported")) return model.countTokens(messages, options);
    throw error;
  }
}
