import type { CountTokensParameters, GenerateContentParameters } from "@google/genai";
import type { Call } from "../../core/call.ts";
import type { Dialect, Encoded } from "../../core/dialect.ts";
import type { ModelRequest, SettingName } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { embedOverWire } from "../embeddings.ts";
import { openWire, type Wire } from "../exchange.ts";
import { listOverWire } from "../model-list.ts";
import { countOverWire } from "../token-count.ts";
import { clients, countClient, embeddingClient, generateClient, listClient } from "./client.ts";
import { type GenerateDecoderOptions, generateDecoder } from "./decode.ts";
import { decodeEmbedding, encodeEmbedding } from "./embeddings.ts";
import { encodeGenerate } from "./encode.ts";
import { googleList } from "./list-models.ts";
import { ToolNames } from "./tool-names.ts";

const SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>([
  "temperature",
  "topP",
  "topK",
  "maxNewTokens",
  "maxInputTokens",
  "stop",
  "seed",
  "frequencyPenalty",
  "presencePenalty",
  "logprobs",
  "topLogprobs",
  "reasoningEffort",
  "serviceTier",
  "modalities",
  "responseFormat",
  "metadata",
  "webSearch",
  // Gemini caches prefixes automatically; nothing has to be sent.
  "promptCache",
  "tools",
  "toolChoice",
]);

/** Google's Gemini API, and Gemini on Vertex AI. */
export const google: Dialect = {
  name: "google",
  settings: SETTINGS,
  manySamples: true,
  load: () => clients.load(),
  open: (call) => openWire(call, generateWire(call)),
  embed: (call) => embedOverWire(call, embeddings),
  countTokens: (operation) =>
    countOverWire(operation, { encode: encodeCount, client: countClient, field: "totalTokens" }),
  listModels: (operation) => listOverWire(operation, listClient, googleList),
};

const embeddings = { encode: encodeEmbedding, client: embeddingClient, decode: decodeEmbedding };

function generateWire({ request }: Call): Wire<GenerateContentParameters> {
  return {
    encode: encodeGenerate,
    client: generateClient,
    decoder: (target) => generateDecoder(target, decoderOptions(request)),
  };
}

function decoderOptions(request: ModelRequest): GenerateDecoderOptions {
  const { samples, deliverInvalidCalls: deliverInvalid } = request;
  return { names: new ToolNames(request), samples, deliverInvalid };
}

function encodeCount(request: ModelRequest, target: Target): Encoded<CountTokensParameters> {
  const { model, contents, config } = encodeGenerate(request, target).params;
  const { systemInstruction, tools: encoded } = config ?? {};
  // Those of a client of a gateway.
  const tools = (request.extraBody["tools"] as typeof encoded) ?? encoded;
  const counted = {
    ...(systemInstruction !== undefined && { systemInstruction }),
    ...(tools !== undefined && { tools: tools as NonNullable<NonNullable<CountTokensParameters["config"]>["tools"]> }),
  };
  return { params: { model, contents, config: counted }, adjustments: [] };
}
