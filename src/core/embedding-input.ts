/** The part of a request that asks for embeddings. */
export interface EmbeddingInput {
  readonly texts: readonly string[];
  /** The length of each vector; absent: the model's own. */
  readonly dimensions?: number | undefined;
}
