import type { Call } from "../../core/call.ts";
import type { Dialect } from "../../core/dialect.ts";
import type { SettingName } from "../../core/request.ts";
import { openWire, type Wire } from "../exchange.ts";
import { countOverWire } from "../token-count.ts";
import { countClient, messagesClient } from "./client.ts";
import { messagesDecoder } from "./decode.ts";
import { encodeCountRequest, encodeMessagesRequest, type MessagesBody } from "./encode.ts";
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

/** Anthropic's Messages API, and servers that speak it. */
export const anthropic: Dialect = {
  name: "anthropic",
  settings: SETTINGS,
  manySamples: false,
  open: (call) => openWire(call, messagesWire(call)),
  countTokens: (call) => countOverWire(call, { encode: encodeCountRequest, client: countClient }, "input_tokens"),
};

function messagesWire(call: Call): Wire<MessagesBody> {
  const throughTool = answersThroughTool(call.request, call.target);
  return {
    encode: encodeMessagesRequest,
    client: messagesClient,
    decoder: (target) => messagesDecoder(target, { throughTool }),
  };
}
