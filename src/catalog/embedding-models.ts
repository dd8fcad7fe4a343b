import type { EmbeddingFacts } from "../core/target.ts";
import type { AddedModels, ModelRow } from "./model-row.ts";

const NO_OTHER = { each: [] } as const;

/** `context` is that of each text. */
function row(id: string, context: number, embedding: EmbeddingFacts): ModelRow {
  return { id, context, can: ["embeddings"], embedding };
}

/** Models that compute embeddings. The price package has their prices. */
export const EMBEDDING_MODELS: readonly AddedModels[] = [
  {
    providers: ["openai", "azure"],
    source: "https://platform.openai.com/docs/guides/embeddings",
    models: [
      row("text-embedding-3-small", 8_192, { dimensions: 1_536, sizes: { from: 1, to: 1_536 } }),
      row("text-embedding-3-large", 8_192, { dimensions: 3_072, sizes: { from: 1, to: 3_072 } }),
      row("text-embedding-ada-002", 8_192, { dimensions: 1_536, sizes: NO_OTHER }),
    ],
  },
  {
    providers: ["google"],
    source: "https://ai.google.dev/gemini-api/docs/embeddings",
    models: [
      row("gemini-embedding-001", 2_048, { dimensions: 3_072, sizes: { from: 1, to: 3_072 } }),
      row("gemini-embedding-2", 8_192, { dimensions: 3_072, sizes: { from: 1, to: 3_072 } }),
    ],
  },
  {
    providers: ["vertex"],
    source: "https://cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings",
    models: [
      row("gemini-embedding-001", 2_048, { texts: 1, dimensions: 3_072, sizes: { from: 1, to: 3_072 } }),
      row("gemini-embedding-2", 8_192, { texts: 1, dimensions: 3_072, sizes: { from: 1, to: 3_072 } }),
      ...["text-embedding-005", "text-multilingual-embedding-002"].map((id) =>
        row(id, 2_048, { texts: 250, tokens: 20_000, dimensions: 768, sizes: { from: 1, to: 768 } }),
      ),
    ],
  },
  {
    providers: ["mistral"],
    source: "https://docs.mistral.ai/capabilities/embeddings",
    models: [
      row("mistral-embed", 8_192, { dimensions: 1_024, sizes: NO_OTHER }),
      row("codestral-embed", 8_192, { dimensions: 1_536, sizes: { from: 1, to: 3_072 } }),
    ],
  },
  {
    providers: ["cohere"],
    source: "https://docs.cohere.com/docs/cohere-embed",
    models: [
      row("embed-v4.0", 128_000, { dimensions: 1_536, sizes: { each: [256, 512, 1_024, 1_536] } }),
      row("embed-english-v3.0", 512, { dimensions: 1_024, sizes: NO_OTHER }),
      row("embed-multilingual-v3.0", 512, { dimensions: 1_024, sizes: NO_OTHER }),
    ],
  },
  {
    providers: ["dashscope"],
    source: "https://www.alibabacloud.com/help/en/model-studio/embedding",
    models: [
      row("text-embedding-v4", 8_192, {
        dimensions: 1_024,
        sizes: { each: [64, 128, 256, 512, 768, 1_024, 1_536, 2_048] },
      }),
      row("text-embedding-v3", 8_192, { dimensions: 1_024, sizes: { each: [64, 128, 256, 512, 768, 1_024] } }),
    ],
  },
];
