import { isChatSignature } from "../../chat-signature.ts";
import type { Json } from "../../served/json.ts";
import type { ServedModel, WireServer } from "../../served/wire-server.ts";
import { googleEmbeddings } from "./embeddings.ts";
import { generateAnswer } from "./generate-answer.ts";
import { googleProblem } from "./write-error.ts";

/** POST …/models/M:generateContent, :streamGenerateContent and :countTokens. */
export const generateServer: WireServer = {
  name: "google",
  vendor: "google",
  tiers: { standard: "standard", flex: "flex", priority: "priority", default: "standard", on_demand: "standard" },
  answer: generateAnswer,
  readsState: (signature) => !isChatSignature(signature),
  signsText: true,
  answerId: (unique) => unique,
  counted: (tokens) => ({ totalTokens: tokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: tokens }] }),
  problem: googleProblem,
  embeddings: googleEmbeddings,
  models: (models) => ({ models: models.map(modelInfo) }),
  model: modelInfo,
};

const GENERATES = ["generateContent", "countTokens", "streamGenerateContent"];
const EMBEDS = ["embedContent", "batchEmbedContents"];

function modelInfo({ id, title, version, context, maxOutput, embeds }: ServedModel): Json {
  return {
    name: `models/${id}`,
    version,
    displayName: title,
    ...(context !== undefined && { inputTokenLimit: context }),
    ...(maxOutput !== undefined && { outputTokenLimit: maxOutput }),
    supportedGenerationMethods: embeds === true ? EMBEDS : GENERATES,
  };
}
