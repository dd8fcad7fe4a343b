import type { EmbeddingModelV4, EmbeddingModelV4CallOptions, EmbeddingModelV4Result } from "@ai-sdk/provider";
import type { Model } from "../../model/model.ts";
import { checkModel } from "../checked-model.ts";
import { OWN_KEY } from "../reply-facts.ts";
import { replyMetadata, warningOf } from "./answer.ts";
import { headersOf } from "./call.ts";
import { ownOptions } from "./part-metadata.ts";

/**
 * A model for `embed` and `embedMany` of the Vercel AI SDK 7. modelwright splits many texts into the requests that the provider's
 * limits need. `providerOptions.modelwright` takes options of `model.embed`; `providerMetadata.modelwright` has `cost`, `attempts`,
 * `callId` and `adjustments`. Failed calls throw the ModelError, which the AI SDK does not retry.
 * @throws ModelError `invalid_request` for something else than a model.
 */
export function embeddingModel(model: Model): EmbeddingModelV4 {
  checkModel(model, "embeddingModel");
  return {
    specificationVersion: "v4",
    provider: OWN_KEY,
    modelId: model.name,
    maxEmbeddingsPerCall: Number.POSITIVE_INFINITY,
    supportsParallelCalls: true,
    doEmbed: (options) => embed(model, options),
  };
}

async function embed(model: Model, given: EmbeddingModelV4CallOptions): Promise<EmbeddingModelV4Result> {
  const { values, dimensions, abortSignal: signal, headers, providerOptions } = given;
  const own = ownOptions(providerOptions);
  const extraHeaders = headersOf(headers, own["extraHeaders"]);
  const reply = await model.embed(values, {
    ...own,
    ...(dimensions !== undefined && { dimensions }),
    ...(signal !== undefined && { signal }),
    ...(extraHeaders !== undefined && { extraHeaders }),
  });
  return {
    embeddings: reply.embeddings.map((vector) => Array.from(vector)),
    usage: { tokens: reply.usage.total },
    warnings: reply.adjustments.map(warningOf),
    providerMetadata: replyMetadata(reply),
  };
}
