import type { ModelRequest } from "../../../core/request.ts";
import { Fields } from "../../served/fields.ts";
import { applyMarks } from "../../served/marks.ts";
import { OwnWire, type ReadTool } from "../../served/own-wire.ts";
import { type ReceivedRequest, type ServedRequest, servedRequest } from "../../served/served-request.ts";
import { CHAT_MARKS } from "./chat-marks.ts";
import { readChatMessage } from "./chat-turns.ts";
import {
  CUSTOM_LOSS,
  customFunction,
  readEffort,
  readFormat,
  readFunction,
  readShared,
  readToolChoice,
  readVerbosity,
} from "./read-settings.ts";

/** Reads a chat completions body. */
export function readChatRequest(received: ReceivedRequest): ServedRequest {
  const body = new Fields(received.body);
  applyMarks(body, CHAT_MARKS.fields);
  const own = new OwnWire("openai", received.owner, CHAT_MARKS);
  const model = body.string("model") ?? received.model ?? body.refuse("you must provide a model parameter");
  const stream = body.boolean("stream") ?? received.streaming ?? false;
  readStreamOptions(body);
  const samples = body.number("n") ?? 1;
  const messages = body.objects("messages") ?? body.refuse("Missing required parameter.", "messages");
  const turns = messages.map((message) => readChatMessage(message, { owner: received.owner, own }));
  const settings = readSettings(body, own);
  const read = { model, stream, messages: turns, settings, samples };
  return servedRequest(body, read, [], own.finish(body, ["web_search_options"]));
}

/** `include_usage` is read when the answer is written. */
function readStreamOptions(body: Fields): void {
  body.object("stream_options")?.takeRest();
}

function readSettings(body: Fields, own: OwnWire): ModelRequest["settings"] {
  const limits = ["max_completion_tokens", "max_tokens"].map((name) => body.number(name));
  const format = body.object("response_format");
  return {
    ...readShared(body, own),
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
    ...readToolChoice(body, own.tools(body, readTool).tools, own),
  };
}

function readTool(tool: Fields): ReadTool {
  const type = tool.string("type") ?? "function";
  const given = type === "function" || type === "custom" ? tool.object(type) : undefined;
  if (given === undefined) return { loss: { to: undefined, reason: `only the openai wire has tools of type ${type}` } };
  if (type === "custom") return { functions: [customFunction(given)], loss: CUSTOM_LOSS };
  return { functions: [readFunction(given)] };
}

function readWebSearch(body: Fields): ModelRequest["settings"]["webSearch"] {
  const options = body.object("web_search_options");
  if (options === undefined) return undefined;
  const contextSize = options.oneOf("search_context_size", ["low", "medium", "high"]);
  return contextSize === undefined ? true : { contextSize };
}
