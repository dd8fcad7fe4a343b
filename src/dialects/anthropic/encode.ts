import type { Anthropic } from "@anthropic-ai/sdk";
import type { Adjustment } from "../../core/attempt.ts";
import type { Encoded } from "../../core/dialect.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { mergeTrees, withAdditions } from "../additions.ts";
import { type Report, reportTo } from "../report.ts";
import { markCache } from "./cache-marks.ts";
import { type Conversation, encodeMessages } from "./messages.ts";
import { lowerSchema } from "./schema.ts";
import { encodeThinking, type Thinking } from "./thinking.ts";
import { answersThroughTool, type EncodedTools, encodeTools } from "./tools.ts";

/** The SDK's parameters, and those of older API versions. */
export type MessagesBody = Anthropic.MessageCreateParams & {
  temperature?: number;
  top_p?: number;
  top_k?: number;
};

export function encodeMessagesRequest(
  request: ModelRequest,
  target: Target,
  streaming: boolean,
): Encoded<MessagesBody> {
  const adjustments: Adjustment[] = [];
  const report = reportTo(adjustments);
  const conversation = encodeMessages(request.messages, target, report);
  const thinking = encodeThinking(request, conversation.turns, target, report);
  const tools = encodeTools(request, conversation.turns, thinking.active, target, report);
  const format = encodeFormat(request, conversation, target, report);
  markCache(request, conversation, tools.tools ?? [], target, report);
  const { system, turns } = conversation;
  const output = { ...(thinking.effort && { effort: thinking.effort }), ...(format && { format }) };
  const body = {
    model: target.modelId,
    max_tokens: thinking.maxTokens,
    messages: turns,
    ...(system.length > 0 && { system }),
    ...encodeStop(request, report),
    ...encodeSampling(request, thinking, report),
    ...(thinking.thinking && { thinking: thinking.thinking }),
    ...(Object.keys(output).length > 0 && { output_config: output }),
    ...tools,
    ...encodeUser(request, report),
    ...encodeServiceTier(request),
    ...(streaming && { stream: true as const }),
  } satisfies MessagesBody;
  const whole: MessagesBody = withAdditions(body, request.additions, report);
  const extra = withJsonTool({ ...target.extraBody, ...request.extraBody }, tools, request, target);
  return { params: withExtra(whole, extra), adjustments };
}

/** The part of a request that the provider counts before the call. */
export function encodeCountRequest(request: ModelRequest, target: Target): Encoded<Anthropic.MessageCountTokensParams> {
  const { params } = encodeMessagesRequest(request, target, false);
  const { model, messages, system, tools, tool_choice, thinking, output_config } = params;
  const { mcp_servers, context_management } = params as unknown as Tree;
  const counted: Anthropic.MessageCountTokensParams = {
    model,
    messages,
    ...(system !== undefined && { system }),
    ...(tools !== undefined && { tools }),
    ...(tool_choice !== undefined && { tool_choice }),
    ...(thinking !== undefined && { thinking }),
    ...(output_config !== undefined && { output_config }),
    ...(mcp_servers !== undefined && { mcp_servers }),
    ...(context_management !== undefined && { context_management }),
  };
  return { params: counted, adjustments: [] };
}

function encodeStop({ settings }: ModelRequest, report: Report): { stop_sequences?: string[] } {
  const { stop } = settings;
  if (stop === undefined) return {};
  const visible = stop.filter((text) => text.trim() !== "");
  if (visible.length < stop.length) report("stop", stop, visible, "blank stop sequences are rejected");
  return visible.length > 0 ? { stop_sequences: visible } : {};
}

const MAX_TEMPERATURE = 1;

function encodeSampling({ settings }: ModelRequest, thinking: Thinking, report: Report) {
  const { temperature, topP, topK } = settings;
  const sampling = {
    ...(temperature !== undefined && { temperature: atMostOne(temperature, report) }),
    ...(topP !== undefined && { top_p: topP }),
    ...(topK !== undefined && { top_k: topK }),
  };
  if (!thinking.active) return sampling;
  for (const [setting, value] of Object.entries(sampling)) {
    report(setting, value, undefined, "not supported while thinking is on");
  }
  return {};
}

function atMostOne(temperature: number, report: Report): number {
  if (temperature <= MAX_TEMPERATURE) return temperature;
  report("temperature", temperature, MAX_TEMPERATURE, "the messages wire supports 0 to 1");
  return MAX_TEMPERATURE;
}

const JSON_INSTRUCTION = "Answer with one JSON object and nothing else: no words around it, no code fence.";

function encodeFormat(
  request: ModelRequest,
  conversation: Conversation,
  target: Target,
  report: Report,
): Anthropic.JSONOutputFormat | undefined {
  const format = request.settings.responseFormat;
  if (format?.type === "json_object") {
    conversation.system.push({ type: "text", text: JSON_INSTRUCTION });
    report("response_format", "json_object", "an instruction", "the messages wire has no JSON mode without a schema");
  }
  if (format?.type !== "json_schema" || answersThroughTool(request, target)) return undefined;
  const { schema, lost } = lowerSchema({
    ...(format.description !== undefined && { description: format.description }),
    ...format.schema,
  });
  if (lost.length > 0) report("response_format", lost, "description", "the API does not enforce these keywords");
  return { type: "json_schema", schema };
}

/** The API requires an opaque id that does not identify a person. */
function isPersonal(user: string): boolean {
  const at = user.indexOf("@");
  const isMail = at > 0 && user.indexOf(".", at + 2) > 0 && !user.endsWith(".") && !/\s/.test(user);
  return isMail || /^\+?[\d\s().-]{7,20}$/.test(user);
}

function encodeUser({ settings }: ModelRequest, report: Report): { metadata?: Anthropic.Metadata } {
  const { user } = settings;
  if (user === undefined) return {};
  if (!isPersonal(user)) return { metadata: { user_id: user } };
  report("user", user, undefined, "looks like an e-mail address or a phone number; the provider requires an opaque id");
  return {};
}

function encodeServiceTier({ settings }: ModelRequest): { service_tier?: "auto" | "standard_only" } {
  const { serviceTier } = settings;
  return serviceTier === undefined ? {} : { service_tier: serviceTier as "auto" | "standard_only" };
}

type Tree = Readonly<Record<string, unknown>>;

/** Tools that are sent as they were received leave room for the tool whose input is the answer. */
function withJsonTool(extra: Tree, encoded: EncodedTools, request: ModelRequest, target: Target): Tree {
  const { tools: received, tool_choice: wanted } = extra;
  if (!Array.isArray(received) || !answersThroughTool(request, target)) return extra;
  const [answer] = (encoded.tools ?? []).slice(-1);
  const type = (wanted as { readonly type?: unknown } | undefined)?.type;
  const isNamed = type === "tool";
  // A choice of one tool would be the one for the answer, and the client's tools could not be called.
  const open = encoded.tool_choice?.type === "auto" ? { type: "auto" } : { type: "any" };
  const forced =
    type === "none" && answer !== undefined && "name" in answer ? { type: "tool", name: answer.name } : open;
  return { ...extra, tools: [...(received as unknown[]), answer], ...(!isNamed && { tool_choice: forced }) };
}

function withExtra(body: MessagesBody, extra: Tree): MessagesBody {
  return Object.keys(extra).length === 0
    ? body
    : (mergeTrees(body as unknown as Tree, extra) as unknown as MessagesBody);
}
