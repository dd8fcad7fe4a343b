import { asArray, asNumber, asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { MOST_DIMENSIONS } from "../../served/most-dimensions.ts";
import { refuse } from "../../served/problem.ts";
import { tokensOf } from "../../served/tokens.ts";
import type { ServedEmbeddings } from "../../served/wire-server.ts";

const MOST_TEXTS = 100;

/** POST …/models/M:embedContent and :batchEmbedContents, and :predict of Vertex. */
export const googleEmbeddings: ServedEmbeddings = {
  read({ body, path, model = "" }) {
    const [texts, options] = path.endsWith(":predict") ? predictTexts(body) : contentTexts(body, path);
    if (texts.length === 0) refuse("* BatchEmbedContentsRequest.requests: requests is not specified");
    if (texts.length > MOST_TEXTS)
      refuse(`* BatchEmbedContentsRequest.requests: at most ${MOST_TEXTS} requests can be in one batch`);
    if (texts.includes("")) refuse("* EmbedContentRequest.content: contains an empty Part.");
    return { model, texts, dimensions: dimensionsIn(options), base64: false };
  },
  body({ texts }, vectors, path, total) {
    const tokens = texts.map(tokensOf);
    const usageMetadata = { promptTokenCount: total ?? tokens.reduce((sum, count) => sum + count, 0) };
    const sent = vectors.map((vector) => ({ values: [...vector] }));
    if (path.endsWith(":batchEmbedContents")) return { embeddings: sent, usageMetadata };
    if (path.endsWith(":embedContent")) return { embedding: sent[0], usageMetadata };
    return {
      predictions: sent.map((embedding, index) => ({
        embeddings: { ...embedding, statistics: { truncated: false, token_count: tokens[index] } },
      })),
    };
  },
};

function dimensionsIn(options: Json | undefined): number | undefined {
  const wanted = asNumber(options?.outputDimensionality);
  if (wanted === undefined || (Number.isInteger(wanted) && wanted > 0 && wanted <= MOST_DIMENSIONS)) return wanted;
  return refuse(`* EmbedContentRequest.output_dimensionality: must be an integer from 1 to ${MOST_DIMENSIONS}`);
}

type Read = readonly [texts: readonly string[], options: Json | undefined];

function predictTexts({ instances, parameters }: Json): Read {
  return [asObjects(instances).map(({ content }) => asString(content) ?? ""), asObject(parameters)];
}

/** The options of a batch are those of each of its requests. */
function contentTexts(body: Json, path: string): Read {
  const requests = path.endsWith(":batchEmbedContents") ? asObjects(body.requests) : [body];
  const [first] = requests;
  return [requests.map(({ content }) => textIn(content)), asObject(first?.embedContentConfig) ?? first];
}

function textIn(content: unknown): string {
  return asArray(asObject(content)?.parts)
    .map((part) => asString(asObject(part)?.text) ?? "")
    .join("");
}
