/**
 * The text of a file or pipe, without its byte order mark: UTF-8, or UTF-16 if a mark says so (PowerShell writes it).
 * @throws TypeError if the bytes are not text.
 */
export function decodeText(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}
