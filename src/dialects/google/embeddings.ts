import type { EmbedContentConfig, EmbedContentParameters } from "@google/genai";
import type { Call } from "../../core/call.ts";
import { placeOfText } from "../../core/embedding-input.ts";
import { estimateTextTokens } from "../../core/estimate.ts";
import type { FlowEvent } from "../../core/event.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { isCount, NO_USAGE, type Usage, usageOf } from "../../core/usage.ts";
import { orderedVectors, type SentVector } from "../embeddings.ts";

/** Fields of `extra_body` that the SDK writes to each text of a request; others are added to the body. */
const OF_EACH_TEXT = ["taskType", "title", "autoTruncate"] as const;

/** One content for each text: several strings would be one content, with one vector, for some models. */
export function encodeEmbedding({ embedding, extraBody }: ModelRequest, { modelId }: Target): EmbedContentParameters {
  const { texts = [], dimensions } = embedding ?? {};
  const names: readonly string[] = OF_EACH_TEXT;
  const fields = Object.entries(extraBody);
  const own = Object.fromEntries(fields.filter(([name]) => names.includes(name))) as EmbedContentConfig;
  const rest = Object.fromEntries(fields.filter(([name]) => !names.includes(name)));
  return {
    model: modelId,
    contents: texts.map((text) => ({ parts: [{ text }] })),
    config: {
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
      ...own,
      ...(Object.keys(rest).length > 0 && { httpOptions: { extraBody: rest } }),
    },
  };
}

/** The Gemini API has `embeddings`, Vertex `predictions`, or `embedding` for models that take one text. */
export function decodeEmbedding(body: unknown, call: Call, out: FlowEvent[]): void {
  const answer = treeIn(body);
  const tokens = treeIn(answer["usageMetadata"])["promptTokenCount"];
  const list = vectorsOf(answer);
  const usage = isCount(tokens) ? usageOf({ input: tokens, output: 0 }) : usageOfTexts(list ?? [], call);
  if (usage.input > 0) out.push({ type: "usage", usage });
  if (list === undefined) throw targetError(call.target, "protocol_error", "the response has no list of embeddings");
  for (const [index, { truncated }] of list.entries()) if (truncated) out.push(shortened(index));
  out.push({ type: "embeddings", vectors: orderedVectors(list, call) });
}

/** Vertex counts each text. Texts without a count are estimated; if none has one, so is the whole request, by the meter. */
function usageOfTexts(list: readonly GoogleVector[], { request }: Call): Usage {
  const { texts = [] } = request.embedding ?? {};
  if (list.every(({ tokens }) => tokens === undefined)) return NO_USAGE;
  const input = list.reduce((sum, { tokens }, index) => sum + (tokens ?? estimateTextTokens(texts[index] ?? "")), 0);
  return usageOf({ input, output: 0, estimated: list.some(({ tokens }) => tokens === undefined) });
}

interface GoogleVector extends SentVector {
  readonly tokens: number | undefined;
  readonly truncated: boolean;
}

function vectorsOf(answer: Tree): readonly GoogleVector[] | undefined {
  const { embeddings, embedding, predictions } = answer;
  if (Array.isArray(embeddings)) return embeddings.map((one) => vectorIn(one, false));
  if (embedding !== undefined) return [vectorIn(embedding, answer["truncated"] === true)];
  return Array.isArray(predictions) ? predictions.map((one) => vectorIn(treeIn(one)["embeddings"], false)) : undefined;
}

function vectorIn(embedding: unknown, isTruncated: boolean): GoogleVector {
  const { values, statistics } = treeIn(embedding);
  const { truncated, token_count: tokens } = treeIn(statistics);
  return { values, tokens: isCount(tokens) ? tokens : undefined, truncated: isTruncated || truncated === true };
}

function shortened(index: number): FlowEvent {
  const reason =
    "it is longer than the model takes, and Vertex truncated it; split it, or set autoTruncate = false in extra_body";
  return {
    type: "adjustment",
    adjustment: { setting: "texts", from: placeOfText(index), to: "its beginning", reason },
  };
}

type Tree = Readonly<Record<string, unknown>>;

function treeIn(value: unknown): Tree {
  return typeof value === "object" && value !== null ? (value as Tree) : {};
}
