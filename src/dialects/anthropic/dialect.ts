import { writesForAnHour } from "../../core/billing.ts";
import type { Call } from "../../core/call.ts";
import type { Dialect } from "../../core/dialect.ts";
import type { SettingName } from "../../core/request.ts";
import { openWire, type Wire } from "../exchange.ts";
import { listOverWire } from "../model-list.ts";
import { countOverWire } from "../token-count.ts";
import { clients, countClient, listClient, messagesClient } from "./client.ts";
import { messagesRefusal } from "./content.ts";
import { messagesDecoder } from "./decode.ts";
import { encodeCountRequest, encodeMessagesRequest, type MessagesBody } from "./encode.ts";
import { anthropicList } from "./list-models.ts";
import { answersThroughTool } from "./tools.ts";

const SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>([
  "temperature",
  "topP",
  "topK",
  "maxNewTokens",
  "maxInputTokens",
  "stop",
  "reasoningEffort",
  "serviceTier",
  "responseFormat",
  "user",
  "webSearch",
  "promptCache",
  "tools",
  "toolChoice",
  "parallelToolCalls",
]);

/**
 * The SDK requires streaming if an answer may take longer than ten minutes, at 128,000 tokens per hour
 * (`calculateNonstreamingTimeout`), because networks drop idle connections.
 */
const LONG_ANSWER_TOKENS = Math.floor(128_000 / 6);

/** Anthropic's Messages API, and servers that speak it. */
export const anthropic: Dialect = {
  name: "anthropic",
  settings: SETTINGS,
  manySamples: false,
  longAnswerTokens: LONG_ANSWER_TOKENS,
  mediaRefusal: messagesRefusal,
  load: () => clients.load(),
  open: (call) => openWire(call, messagesWire(call)),
  countTokens: (operation) =>
    countOverWire(operation, { encode: encodeCountRequest, client: countClient, field: "input_tokens" }),
  listModels: (operation) => listOverWire(operation, listClient, anthropicList),
};

function messagesWire(call: Call): Wire<MessagesBody> {
  const throughTool = answersThroughTool(call.request, call.target);
  const { deliverInvalidCalls: deliverInvalid } = call.request;
  const hourWrites = writesForAnHour(call.request, "anthropic");
  return {
    encode: encodeMessagesRequest,
    client: messagesClient,
    decoder: (target) => messagesDecoder(target, { throughTool, hourWrites, deliverInvalid }),
  };
}
