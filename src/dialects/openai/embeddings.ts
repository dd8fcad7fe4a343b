import type { EmbeddingCreateParams } from "openai/resources/embeddings";
import type { Call } from "../../core/call.ts";
import type { FlowEvent } from "../../core/event.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { usageOf } from "../../core/usage.ts";
import { orderedVectors } from "../embeddings.ts";
import { objectIn, textIn } from "./wire-value.ts";

export type EmbeddingParams = EmbeddingCreateParams;

/** The format is always sent: without one, the SDK requests base64, which not every server has. */
export function encodeEmbedding(request: ModelRequest, { modelId, quirks }: Target): EmbeddingParams {
  const { embedding, settings, extraBody } = request;
  const { texts = [], dimensions } = embedding ?? {};
  const { base64 = false, dimensionsKey = "dimensions" } = quirks.embeddings ?? {};
  return {
    model: modelId,
    input: [...texts],
    encoding_format: base64 ? "base64" : "float",
    ...(dimensions !== undefined && { [dimensionsKey]: dimensions }),
    ...(settings.user !== undefined && { user: settings.user }),
    ...extraBody,
  };
}

export function decodeEmbedding(body: unknown, call: Call, out: FlowEvent[]): void {
  const { data, model, id, usage } = objectIn(body) ?? {};
  const [servedModel, answer] = [textIn(model), textIn(id)];
  out.push({ type: "response", ...(answer && { id: answer }), ...(servedModel && { servedModel }) });
  pushUsage(usage, out);
  if (!Array.isArray(data)) throw targetError(call.target, "protocol_error", "the response has no list of embeddings");
  const sent = data.map((item: unknown) => {
    const { index, embedding } = objectIn(item) ?? {};
    return { index: index ?? undefined, values: embedding };
  });
  out.push({ type: "embeddings", vectors: orderedVectors(sent, call) });
}

/** Some hosts report only a total, and others zeros for what they did not count. */
function pushUsage(usage: unknown, out: FlowEvent[]): void {
  const { prompt_tokens, total_tokens } = objectIn(usage) ?? {};
  const input = prompt_tokens || total_tokens;
  if (typeof input === "number" && input > 0) out.push({ type: "usage", usage: usageOf({ input, output: 0 }) });
}
