/** Vector lengths of models, by the start of their ids. */
const LENGTHS: readonly (readonly [prefix: string, length: number])[] = [
  ["text-embedding-3-large", 3_072],
  ["text-embedding-", 1_536],
  ["gemini-embedding", 3_072],
];
const OTHER_LENGTH = 1_024;

export function lengthOf(model: string): number {
  const name = model.slice(model.lastIndexOf("/") + 1);
  return LENGTHS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? OTHER_LENGTH;
}

const WORD_WEIGHT = 2;
const LETTERS = 3;

/**
 * The vector of a text, normalized to length 1. Each word and each group of three letters is hashed to a dimension. Texts with
 * the same words have similar vectors; synonyms do not.
 */
export function vectorOf(text: string, length: number): Float32Array {
  const vector = new Float32Array(length);
  for (const word of wordsIn(text)) {
    add(vector, word, WORD_WEIGHT);
    const padded = ` ${word} `;
    for (let at = 0; at + LETTERS <= padded.length; at++) add(vector, padded.slice(at, at + LETTERS), 1);
  }
  const norm = Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0));
  // Features with opposite signs may cancel each other out.
  if (norm === 0) vector[hashOf(text) % length] = 1;
  return norm === 0 ? vector : vector.map((number) => number / norm);
}

/** A text without letters and digits is one word. */
function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
}

function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = hashOf(feature);
  const place = (hash >>> 1) % vector.length;
  vector[place] = (vector[place] ?? 0) + (hash % 2 === 0 ? weight : -weight);
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // The lowest bits of short texts are alike.
  return (hash ^ (hash >>> 15)) >>> 0;
}
