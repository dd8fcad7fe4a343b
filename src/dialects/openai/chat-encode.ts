import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionFunctionTool,
  ChatCompletionMessageParam,
  ChatCompletionToolChoiceOption,
} from "openai/resources/chat/completions/completions";
import type { Adjustment } from "../../core/attempt.ts";
import type { Encode } from "../../core/dialect.ts";
import type { ModelRequest, SettingName, Settings } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { Tool, ToolChoice } from "../../core/tool.ts";
import { withAdditions } from "../additions.ts";
import { reportTo } from "../report.ts";
import { encodeChatMessages } from "./chat-messages.ts";
import { withStandIns } from "./chat-stand-in.ts";
import { promptCacheKey } from "./prompt-cache-key.ts";
import { lowerFormat, type WireFormat, withInstruction } from "./response-format.ts";
import { lowerTool, toolSettings } from "./tools.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** The parameters of `chat.completions.create`; fields of other hosts are set with `extra_body`. */
export type ChatParams = ChatCompletionCreateParamsBase;

export const CHAT_SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>([
  ...([
    "temperature",
    "topP",
    "maxNewTokens",
    "stop",
    "seed",
    "frequencyPenalty",
    "presencePenalty",
    "logitBias",
  ] as const),
  ...(["logprobs", "topLogprobs", "reasoningEffort", "verbosity", "serviceTier", "modalities", "prediction"] as const),
  ...(["responseFormat", "user", "metadata", "webSearch", "promptCache"] as const),
  ...(["tools", "toolChoice", "parallelToolCalls"] as const),
]);

export const encodeChat: Encode<ChatParams> = (request, target, streaming) => {
  const adjustments: Adjustment[] = [];
  const format = lowerFormat(request.settings.responseFormat, target);
  adjustments.push(...format.adjustments);
  const encoded = encodeChatMessages(withInstruction(request.messages, format.instruction), target, adjustments);
  const { messages, off } = withStandIns(encoded, request, target, adjustments);
  const body: ChatParams = {
    model: target.modelId,
    messages: messages satisfies ChatCompletionMessageParam[],
    ...sampling(request, target),
    ...answer(request.settings, format),
    ...tools(request.settings, adjustments),
    ...service(request, target, adjustments),
    ...stream(target, streaming),
  };
  const params: ChatParams = {
    ...withAdditions(body, request.additions, reportTo(adjustments)),
    ...target.extraBody,
    ...request.extraBody,
    ...off,
  };
  if (Object.keys(off).length > 0 && !("reasoning_effort" in off)) delete params.reasoning_effort;
  return { params, adjustments };
};

function sampling(request: ModelRequest, target: Target) {
  const { settings, samples } = request;
  const { topLogprobs } = settings;
  return withoutUndefined({
    temperature: settings.temperature,
    top_p: settings.topP,
    seed: settings.seed,
    frequency_penalty: settings.frequencyPenalty,
    presence_penalty: settings.presencePenalty,
    logit_bias: settings.logitBias && { ...settings.logitBias },
    logprobs: settings.logprobs ?? (topLogprobs === undefined ? undefined : true),
    top_logprobs: topLogprobs,
    stop: settings.stop && [...settings.stop],
    n: samples > 1 ? samples : undefined,
    [maxTokensKey(target)]: settings.maxNewTokens,
  }) satisfies Partial<ChatParams>;
}

/** OpenAI renamed the field; most compatible hosts support only the old name. */
const RENAMED = new Set(["openai", "azure"]);

function maxTokensKey(target: Target): "max_tokens" | "max_completion_tokens" {
  return target.quirks.maxTokensKey ?? (RENAMED.has(target.provider) ? "max_completion_tokens" : "max_tokens");
}

function answer(settings: ModelRequest["settings"], { format }: WireFormat) {
  return withoutUndefined({
    reasoning_effort: settings.reasoningEffort,
    verbosity: settings.verbosity,
    modalities: settings.modalities as ChatParams["modalities"],
    prediction: prediction(settings.prediction),
    response_format: responseFormat(format),
  }) satisfies Partial<ChatParams>;
}

function responseFormat(format: WireFormat["format"]): ChatParams["response_format"] {
  if (format?.type !== "json_schema") return format === undefined ? undefined : { type: format.type };
  const { type, ...schema } = format;
  return { type, json_schema: schema };
}

function prediction(value: unknown): ChatParams["prediction"] {
  return typeof value === "string" ? { type: "content", content: value } : (value as ChatParams["prediction"]);
}

function tools(settings: Settings, adjustments: Adjustment[]) {
  const functions = (settings.tools ?? []).map((tool) => encodeTool(tool, adjustments));
  const { toolChoice, parallelToolCalls } = toolSettings(settings, functions.length > 0, adjustments);
  return withoutUndefined({
    tools: functions.length > 0 ? functions : undefined,
    tool_choice: toolChoice && encodeToolChoice(toolChoice),
    parallel_tool_calls: parallelToolCalls,
  }) satisfies Partial<ChatParams>;
}

function encodeTool(tool: Tool, adjustments: Adjustment[]): ChatCompletionFunctionTool {
  const { strict, ...plain } = lowerTool(tool, adjustments);
  return { type: "function", function: { ...plain, ...(strict && { strict }) } };
}

function encodeToolChoice(choice: ToolChoice): ChatCompletionToolChoiceOption {
  return typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } };
}

function service(request: ModelRequest, target: Target, adjustments: Adjustment[]) {
  const { settings } = request;
  return withoutUndefined({
    service_tier: settings.serviceTier as ChatParams["service_tier"],
    user: settings.user,
    metadata: settings.metadata && { ...settings.metadata },
    web_search_options: webSearch(settings.webSearch, adjustments),
    prompt_cache_key: promptCacheKey(request, target, adjustments),
  }) satisfies Partial<ChatParams>;
}

function webSearch(search: Settings["webSearch"], adjustments: Adjustment[]): ChatParams["web_search_options"] {
  if (search === undefined || search === false) return undefined;
  if (search === true) return {};
  if (search.maxUses !== undefined) {
    adjustments.push({
      setting: "web_search",
      from: search,
      to: { ...search, maxUses: undefined },
      reason: "the chat wire cannot limit the number of searches",
    });
  }
  return search.contextSize === undefined ? {} : { search_context_size: search.contextSize };
}

function stream(target: Target, streaming: boolean): Partial<ChatParams> {
  if (!streaming) return {};
  return { stream: true, ...(target.quirks.streamUsage !== false && { stream_options: { include_usage: true } }) };
}
