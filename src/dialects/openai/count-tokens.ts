import type { InputTokenCountParams } from "openai/resources/responses/input-tokens";
import type { Client, Encode } from "../../core/dialect.ts";
import type { RequestOperation } from "../../core/operation.ts";
import { targetError } from "../../core/target-error.ts";
import { countOverWire } from "../token-count.ts";
import { encodeResponses } from "./responses-encode.ts";
import { withoutUndefined } from "./without-undefined.ts";

export type CountParams = InputTokenCountParams;

/** Compatible hosts do not implement this endpoint; the simulator does. */
const COUNTING: ReadonlySet<string> = new Set(["openai", "simulator"]);

/** The provider's token count of a prompt. Only OpenAI has the endpoint; throws `unsupported` for others. */
export async function countPromptTokens(operation: RequestOperation, client: Client<CountParams>): Promise<number> {
  const { target } = operation;
  if (!COUNTING.has(target.provider))
    throw targetError(target, "unsupported", "the provider has no token counting endpoint");
  return countOverWire(operation, { encode: encodeCount, client, field: "input_tokens" });
}

/**
 * The part of a request that is counted; chat and responses prompts have the same tokens. Content that only one of the wire formats
 * has is counted in its own.
 */
export const encodeCount: Encode<CountParams> = (request, target) => {
  const isOwn = target.dialect === "openai-responses";
  const counting = isOwn ? request : { ...request, extraBody: {}, additions: undefined };
  const { params } = encodeResponses(counting, { ...target, dialect: "openai-responses", extraBody: {} }, false);
  const { model, input, tools, tool_choice, parallel_tool_calls, reasoning, text } = params;
  const counted = withoutUndefined({ model, input, tools, tool_choice, parallel_tool_calls, reasoning, text });
  return { params: counted as CountParams, adjustments: [] };
};
