import type { Anthropic } from "@anthropic-ai/sdk";
import type { Call } from "../../core/call.ts";
import type { Decoder, Dialect } from "../../core/dialect.ts";
import type { SettingName } from "../../core/request.ts";
import { openWire, type Wire } from "../exchange.ts";
import { targetError } from "../wire-error.ts";
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
  countTokens,
};

function messagesWire(call: Call): Wire<MessagesBody> {
  const throughTool = answersThroughTool(call.request, call.target);
  return {
    encode: encodeMessagesRequest,
    client: messagesClient,
    decoder: (target) => messagesDecoder(target, { throughTool }),
  };
}

const COUNT_WIRE: Wire<Anthropic.MessageCountTokensParams> = {
  encode: encodeCountRequest,
  client: countClient,
  decoder: () => new CountDecoder(),
};

async function countTokens(call: Call): Promise<number> {
  for await (const events of openWire({ ...call, streaming: false }, COUNT_WIRE)) {
    for (const event of events) if (event.type === "response") return readCount(event.body, call);
  }
  return readCount(undefined, call);
}

function readCount(body: unknown, { target }: Call): number {
  const count = (body as { input_tokens?: unknown } | undefined)?.input_tokens;
  if (typeof count !== "number") throw targetError(target, "protocol_error", "the token count has no input_tokens");
  return count;
}

/** A count has no events of its own; its body travels as it is. */
class CountDecoder implements Decoder {
  readonly done = false;
  push(): void {}
  body(...[body, out]: Parameters<Decoder["body"]>): void {
    out.push({ type: "response", body });
  }
  end(): void {}
}
