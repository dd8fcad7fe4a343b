/** A vector of length 1, so that the cosine of two is the sum of their products. */
export type Vector = Float32Array;

const MAX_DIMENSIONS = 16_384;

/** The vector with length 1; `undefined` if it is not one. */
export function unitVector(numbers: unknown): Vector | undefined {
  if (!Array.isArray(numbers) && !(numbers instanceof Float32Array)) return undefined;
  if (numbers.length > MAX_DIMENSIONS) return undefined;
  let sum = 0;
  for (const number of numbers) sum += typeof number === "number" ? number * number : Number.NaN;
  const length = Math.sqrt(sum);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) return undefined;
  return Float32Array.from(numbers as ArrayLike<number>, (number) => number / length);
}

/** Cosine similarity, from -1 to 1; undefined for vectors of different models. */
export function similarityOf(left: Vector, right: Vector): number | undefined {
  if (left.length !== right.length) return undefined;
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += (left[index] as number) * (right[index] as number);
  return Math.max(-1, Math.min(1, sum));
}
