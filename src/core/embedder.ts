/** Vectors of texts, one for each text, in their order. `model` says which model computes them. */
export type Embedder = (
  texts: readonly string[],
  options: {
    readonly model: string;
    /** Aborts when nobody waits for the vectors anymore. */
    readonly signal: AbortSignal;
  },
) => Promise<readonly (readonly number[] | Float32Array)[]>;
