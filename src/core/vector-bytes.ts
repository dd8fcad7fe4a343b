const FLOAT_BYTES = 4;
const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A vector as base64 of its 32-bit floats, the lowest byte first, as providers and stores have it. */
export function vectorText(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return (IS_LITTLE ? bytes : Buffer.from(bytes).swap32()).toString("base64");
}

/** The vector of a base64 text; `undefined` if the text is not one. */
export function vectorIn(text: string): Float32Array | undefined {
  const bytes = Buffer.from(text, "base64");
  // Characters that are not base64 are skipped, so that fewer bytes arrive.
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0 || bytes.length !== Buffer.byteLength(text, "base64"))
    return undefined;
  const vector = new Float32Array(bytes.length / FLOAT_BYTES);
  const target = Buffer.from(vector.buffer);
  bytes.copy(target);
  if (!IS_LITTLE) target.swap32();
  return vector;
}
