import type { Call, CallInput } from "../core/call.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import type { AnswerFacts } from "./answer-facts.ts";

type Value = string | number | boolean | string[];
type Attributes = Record<string, Value>;

/**
 * Names of providers in the GenAI conventions, where they differ from ours.
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/registry/attributes/gen-ai.md
 */
const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  azure: "azure.ai.openai",
  bedrock: "aws.bedrock",
  google: "gcp.gemini",
  mistral: "mistral_ai",
  moonshot: "moonshot_ai",
  vertex: "gcp.vertex_ai",
  xai: "x_ai",
};

/** Where a request goes; few different values, so that they can label metrics. */
export function targetAttributes({ target, input }: Pick<Call, "target" | "input">): Attributes {
  const { provider, modelId, origin, entry } = target;
  const url = URL.parse(origin);
  return {
    "gen_ai.operation.name": operationOf(input),
    "gen_ai.provider.name": PROVIDER_NAMES[provider] ?? provider,
    "gen_ai.request.model": modelId,
    "modelwright.model": entry,
    ...(url !== null && { "server.address": url.hostname, "server.port": portOf(url) }),
  };
}

export function operationOf({ embedding }: Pick<CallInput, "embedding">): "chat" | "embeddings" {
  return embedding === undefined ? "chat" : "embeddings";
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "http:" ? 80 : 443;
}

/** The request of a call, without content. */
export function requestAttributes(call: Call): Attributes {
  const { input, target, streaming } = call;
  const { settings, embedding } = input;
  if (embedding !== undefined)
    return defined({
      ...targetAttributes(call),
      "gen_ai.embeddings.dimension.count": embedding.dimensions,
      ...callAttributes(call),
    });
  const { temperature, topP, topK, maxNewTokens, frequencyPenalty, presencePenalty, seed, stop, reasoningEffort } = {
    ...target.settings,
    ...settings,
  };
  return defined({
    ...targetAttributes(call),
    "gen_ai.request.stream": streaming,
    "gen_ai.request.choice.count": input.samples === 1 ? undefined : input.samples,
    "gen_ai.request.temperature": temperature,
    "gen_ai.request.top_p": topP,
    "gen_ai.request.top_k": topK,
    "gen_ai.request.max_tokens": maxNewTokens,
    "gen_ai.request.frequency_penalty": frequencyPenalty,
    "gen_ai.request.presence_penalty": presencePenalty,
    "gen_ai.request.seed": seed,
    "gen_ai.request.stop_sequences": stop && [...stop],
    "gen_ai.request.reasoning.level": reasoningEffort === undefined ? undefined : String(reasoningEffort),
    "gen_ai.output.type": (settings.responseFormat?.type ?? "text") === "text" ? undefined : "json",
    ...callAttributes(call),
  });
}

function callAttributes({ record, input }: Call): Readonly<Record<string, Value | undefined>> {
  return {
    "modelwright.call.id": record.id,
    "modelwright.tags": input.tags.length === 0 ? undefined : [...input.tags],
  };
}

export function answerAttributes({ record, streaming }: Call, answer: AnswerFacts): Attributes {
  const { usage, finishReasons, id, servedModel } = answer;
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite;
  return defined({
    "gen_ai.response.id": id,
    "gen_ai.response.model": servedModel,
    "gen_ai.response.finish_reasons": finishReasons.length === 0 ? undefined : finishReasons,
    "gen_ai.response.time_to_first_chunk":
      streaming && record.firstTokenMs !== undefined ? record.firstTokenMs / 1_000 : undefined,
    "gen_ai.usage.input_tokens": usage.total === 0 ? undefined : prompt,
    "gen_ai.usage.output_tokens": usage.total === 0 ? undefined : usage.output,
    "gen_ai.usage.cache_read.input_tokens": usage.cacheRead || undefined,
    "gen_ai.usage.cache_write.input_tokens": usage.cacheWrite || undefined,
    "gen_ai.usage.reasoning.output_tokens": usage.reasoning || undefined,
    "modelwright.attempts": record.attempts.length,
    "modelwright.cache.hit": record.cached !== undefined || undefined,
  });
}

export function errorAttributes({ code, status }: { code: ModelErrorCode; status?: number | undefined }): Attributes {
  return defined({ "error.type": code, "http.response.status_code": status });
}

function defined(attributes: Readonly<Record<string, Value | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes;
}
