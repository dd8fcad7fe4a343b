/** Hexadecimal digits of the checksum before the JSON. */
export const CHECKSUM_DIGITS = 8;

/** JSON with a checksum: other programs can write to a shared store, and a disk may return other bytes. */
export function textOf(json: string): string {
  return checksum(json) + json;
}

/** The value of a text; `undefined` if the text is not one that `textOf` made. */
export function valueIn(text: string): unknown {
  const json = text.slice(CHECKSUM_DIGITS);
  if (checksum(json) !== text.slice(0, CHECKSUM_DIGITS)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function checksum(json: string): string {
  // Loaded on first use: most programs have no shared store.
  return process.getBuiltinModule("node:zlib").crc32(json).toString(16).padStart(CHECKSUM_DIGITS, "0");
}
