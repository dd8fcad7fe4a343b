import type { InputTokenCountParams } from "openai/resources/responses/input-tokens";
import type { Call } from "../../core/call.ts";
import type { Client, Decoder, Encode } from "../../core/dialect.ts";
import { usageOf } from "../../core/usage.ts";
import { openWire } from "../exchange.ts";
import { targetError } from "../wire-error.ts";
import { given } from "./given.ts";
import { encodeResponses } from "./responses-encode.ts";
import { numberIn, objectIn } from "./wire-value.ts";

export type CountParams = InputTokenCountParams;

/** Compatible hosts copy chat completions, not this endpoint; the simulator has it. */
const COUNTING: ReadonlySet<string> = new Set(["openai", "simulator"]);

/** The provider's own count of a prompt. OpenAI alone has the endpoint; elsewhere throws `unsupported`. */
export async function countPromptTokens(call: Call, client: Client<CountParams>): Promise<number> {
  const { target } = call;
  if (!COUNTING.has(target.provider)) throw targetError(target, "unsupported", "it has no endpoint that counts tokens");
  const wire = { encode: encodeCount, client, decoder: () => new CountDecoder(call) };
  for await (const batch of openWire({ ...call, streaming: false }, wire)) {
    for (const event of batch) if (event.type === "usage") return event.usage.input;
  }
  throw targetError(target, "protocol_error", "the count of tokens is missing");
}

/** The part of a request that counts: chat and responses cost the same prompt. */
export const encodeCount: Encode<CountParams> = (request, target) => {
  const { params } = encodeResponses({ ...request, extraBody: {} }, { ...target, extraBody: {} }, false);
  const { model, input, tools, tool_choice, parallel_tool_calls, reasoning, text } = params;
  const counted = given({ model, input, tools, tool_choice, parallel_tool_calls, reasoning, text });
  return { params: counted as CountParams, adjustments: [] };
};

class CountDecoder implements Decoder {
  done = false;
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  push(): void {
    throw targetError(this.#call.target, "protocol_error", "a count of tokens came as a stream");
  }

  body: Decoder["body"] = (json, out) => {
    const input = numberIn(objectIn(json)?.["input_tokens"]);
    if (input === undefined) throw targetError(this.#call.target, "protocol_error", "the count of tokens is missing");
    out.push({ type: "usage", usage: usageOf({ input, output: 0 }) });
  };

  end(): void {
    this.done = true;
  }
}
