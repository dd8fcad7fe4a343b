import type {
  FunctionTool,
  ResponseCreateParamsBase,
  ResponseIncludable,
  Tool as ResponseTool,
  WebSearchTool,
} from "openai/resources/responses/responses";
import type { Adjustment } from "../../core/attempt.ts";
import type { Encode } from "../../core/dialect.ts";
import type { ModelRequest, SettingName, Settings } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { ToolChoice } from "../../core/tool.ts";
import { withAdditions } from "../additions.ts";
import { reportTo } from "../report.ts";
import { promptCacheKey } from "./prompt-cache-key.ts";
import { lowerFormat, type WireFormat, withInstruction } from "./response-format.ts";
import { encodeInput } from "./responses-input.ts";
import { lowerTool, toolSettings } from "./tools.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** The parameters of `responses.create`. */
export type ResponsesParams = ResponseCreateParamsBase;

export const RESPONSES_SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>([
  ...(["temperature", "topP", "maxNewTokens", "logprobs", "topLogprobs", "reasoningEffort", "verbosity"] as const),
  ...(["serviceTier", "responseFormat", "user", "metadata", "webSearch", "promptCache"] as const),
  ...(["tools", "toolChoice", "parallelToolCalls"] as const),
]);

export const encodeResponses: Encode<ResponsesParams> = (request, target, streaming) => {
  const adjustments: Adjustment[] = [];
  const { settings } = request;
  const format = lowerFormat(settings.responseFormat, target);
  adjustments.push(...format.adjustments);
  const body: ResponsesParams = {
    model: target.modelId,
    input: encodeInput(withInstruction(request.messages, format.instruction), target, adjustments),
    ...answer(settings, target, format, adjustments),
    ...tools(settings, adjustments),
    ...service(request, target, adjustments),
    store: false,
    ...(streaming && { stream: true }),
  };
  const whole = withAdditions(body, request.additions, reportTo(adjustments));
  return { params: { ...whole, ...target.extraBody, ...request.extraBody }, adjustments };
};

type RequestSettings = ModelRequest["settings"];

function answer(settings: RequestSettings, target: Target, format: WireFormat, adjustments: Adjustment[]) {
  return withoutUndefined({
    temperature: settings.temperature,
    top_p: settings.topP,
    top_logprobs: settings.topLogprobs,
    max_output_tokens: maxOutputTokens(settings.maxNewTokens, adjustments),
    reasoning: reasoning(settings.reasoningEffort),
    text: text(settings.verbosity, format),
    include: include(settings, target),
  }) satisfies Partial<ResponsesParams>;
}

const FEWEST_OUTPUT_TOKENS = 16;

function maxOutputTokens(tokens: number | undefined, adjustments: Adjustment[]): number | undefined {
  if (tokens === undefined || tokens >= FEWEST_OUTPUT_TOKENS) return tokens;
  const reason = `the responses wire requires at least ${FEWEST_OUTPUT_TOKENS}`;
  adjustments.push({ setting: "max_new_tokens", from: tokens, to: FEWEST_OUTPUT_TOKENS, reason });
  return FEWEST_OUTPUT_TOKENS;
}

/** Without a summary, the API returns no reasoning text. */
function reasoning(effort: RequestSettings["reasoningEffort"]): ResponsesParams["reasoning"] {
  if (effort === undefined) return undefined;
  return effort === "none" ? { effort } : { effort, summary: "auto" };
}

function text(verbosity: Settings["verbosity"], { format }: WireFormat): ResponsesParams["text"] {
  if (verbosity === undefined && format === undefined) return undefined;
  return withoutUndefined({ verbosity, format }) satisfies ResponsesParams["text"];
}

function include(settings: RequestSettings, target: Target): ResponseIncludable[] | undefined {
  const wanted: ResponseIncludable[] = [];
  if (reasons(settings, target)) wanted.push("reasoning.encrypted_content");
  if (settings.logprobs === true || settings.topLogprobs !== undefined) wanted.push("message.output_text.logprobs");
  return wanted.length > 0 ? wanted : undefined;
}

/** Models without reasoning reject a request for encrypted reasoning with 400. */
function reasons(settings: RequestSettings, target: Target): boolean {
  const { reasoningEffort } = settings;
  if (reasoningEffort !== undefined) return reasoningEffort !== "none";
  return target.facts.capabilities.reasoning === true;
}

function tools(settings: Settings, adjustments: Adjustment[]) {
  const functions = (settings.tools ?? []).map(
    (tool): FunctionTool => ({ type: "function", ...lowerTool(tool, adjustments) }),
  );
  const search = webSearchTool(settings.webSearch);
  const all: ResponseTool[] = search === undefined ? functions : [...functions, search];
  const { toolChoice, parallelToolCalls } = toolSettings(settings, all.length > 0, adjustments);
  return withoutUndefined({
    tools: all.length > 0 ? all : undefined,
    tool_choice: toolChoice && encodeToolChoice(toolChoice),
    parallel_tool_calls: parallelToolCalls,
    max_tool_calls: typeof settings.webSearch === "object" ? settings.webSearch.maxUses : undefined,
  }) satisfies Partial<ResponsesParams>;
}

function webSearchTool(search: Settings["webSearch"]): WebSearchTool | undefined {
  if (search === undefined || search === false) return undefined;
  const size = search === true ? undefined : search.contextSize;
  return { type: "web_search", ...(size !== undefined && { search_context_size: size }) };
}

function encodeToolChoice(choice: ToolChoice): NonNullable<ResponsesParams["tool_choice"]> {
  return typeof choice === "string" ? choice : { type: "function", name: choice.name };
}

function service(request: ModelRequest, target: Target, adjustments: Adjustment[]) {
  const { settings } = request;
  return withoutUndefined({
    service_tier: settings.serviceTier as ResponsesParams["service_tier"],
    user: settings.user,
    metadata: settings.metadata && { ...settings.metadata },
    prompt_cache_key: promptCacheKey(request, target, adjustments),
  }) satisfies Partial<ResponsesParams>;
}
