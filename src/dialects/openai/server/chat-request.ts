import type { Adjustment } from "../../../core/attempt.ts";
import type { ModelRequest } from "../../../core/request.ts";
import type { Tool } from "../../../core/tool.ts";
import { Fields } from "../../served/fields.ts";
import { type ReceivedRequest, type ServedRequest, servedRequest } from "../../served/served-request.ts";
import { readChatMessage } from "./chat-turns.ts";
import { readEffort, readFormat, readFunction, readShared, readToolChoice, readVerbosity } from "./read-settings.ts";

/** Reads a chat completions body. */
export function readChatRequest(received: ReceivedRequest): ServedRequest {
  const body = new Fields(received.body);
  const adjustments: Adjustment[] = [];
  const model = body.string("model") ?? received.model ?? body.refuse("you must provide a model parameter");
  const stream = body.boolean("stream") ?? received.streaming ?? false;
  readStreamOptions(body);
  const samples = body.number("n") ?? 1;
  const messages = body.objects("messages") ?? body.refuse("Missing required parameter.", "messages");
  const turns = messages.map((message) => readChatMessage(message, received.owner));
  const settings = readSettings(body, adjustments);
  return servedRequest(body, { model, stream, messages: turns, settings, samples }, adjustments);
}

/** `include_usage` is read when the answer is written. */
function readStreamOptions(body: Fields): void {
  body.object("stream_options")?.boolean("include_usage");
}

function readSettings(body: Fields, adjustments: Adjustment[]): ModelRequest["settings"] {
  const limits = ["max_completion_tokens", "max_tokens"].map((name) => body.number(name));
  const format = body.object("response_format");
  return {
    ...readShared(body, adjustments),
    maxNewTokens: limits.find((limit) => limit !== undefined),
    stop: body.strings("stop"),
    seed: body.number("seed"),
    frequencyPenalty: body.number("frequency_penalty"),
    presencePenalty: body.number("presence_penalty"),
    logitBias: body.json("logit_bias") as Readonly<Record<string, number>> | undefined,
    logprobs: body.boolean("logprobs"),
    reasoningEffort: readEffort(body, "reasoning_effort") ?? readEffort(body.object("reasoning"), "effort"),
    verbosity: readVerbosity(body),
    modalities: body.strings("modalities"),
    prediction: body.take("prediction"),
    responseFormat: readFormat(format, format?.object("json_schema")),
    webSearch: readWebSearch(body),
    ...readToolChoice(body, readTools(body, adjustments), adjustments),
  };
}

function readTools(body: Fields, adjustments: Adjustment[]): readonly Tool[] {
  return (body.objects("tools") ?? []).flatMap((tool) => {
    const type = tool.string("type");
    const given = type === "function" ? tool.object("function") : undefined;
    if (given !== undefined) return [readFunction(given)];
    const reason = `only functions are supported, not tools of type ${type}`;
    adjustments.push({ setting: tool.path, from: { type, ...tool.takeAll() }, to: undefined, reason });
    return [];
  });
}

function readWebSearch(body: Fields): ModelRequest["settings"]["webSearch"] {
  const options = body.object("web_search_options");
  if (options === undefined) return undefined;
  const contextSize = options.oneOf("search_context_size", ["low", "medium", "high"]);
  return contextSize === undefined ? true : { contextSize };
}
