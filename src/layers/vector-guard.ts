import type { Call } from "../core/call.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";

/**
 * Checks the vectors of an embedding request: one for each text, of finite numbers, all of the requested length. Anything else
 * is a failure of the attempt, so this layer is where the output guard is for answers: below the meter.
 */
export const vectorGuard: Layer = async function* (call, next) {
  for await (const batch of next(call)) {
    const problem = problemOf(batch, call);
    if (problem === undefined) {
      yield batch;
      continue;
    }
    // The usage is billed although its vectors are useless.
    const others = batch.filter(({ type }) => type !== "embeddings" && type !== "finish");
    if (others.length > 0) yield others;
    throw targetError(call.target, "protocol_error", problem);
  }
};

function problemOf(batch: readonly FlowEvent[], { request }: Call): string | undefined {
  const { texts = [], dimensions } = request.embedding ?? {};
  for (const event of batch) {
    if (event.type !== "embeddings") continue;
    const problem = problemIn(event.vectors, texts.length, dimensions);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemIn(vectors: readonly Float32Array[], count: number, dimensions: number | undefined) {
  if (vectors.length !== count) return `${vectors.length} vectors for ${count} texts`;
  const length = dimensions ?? vectors[0]?.length;
  for (const [index, vector] of vectors.entries()) {
    if (!(vector instanceof Float32Array)) return `the vector of text ${index} is not a Float32Array`;
    if (vector.length === 0) return `the vector of text ${index} is empty`;
    if (vector.length !== length) return `the vector of text ${index} has ${vector.length} dimensions, not ${length}`;
    if (!vector.every(Number.isFinite)) return `the vector of text ${index} has a number that is not finite`;
  }
  return undefined;
}
