import * as zlib from "node:zlib";
import type { GzipMode } from "./step.ts";

const HEADER = Buffer.from("1f8b0800000000000003", "hex");
const LAST_BLOCK = Buffer.from("0300", "hex");

/** A gzip body in chunks: each chunk is a separate block, so it can be decoded before the next one arrives. */
export class GzipPieces {
  readonly #mode: GzipMode;
  #begun = false;
  #held: Buffer[] = [];
  #crc = 0;
  #length = 0;

  constructor(mode: GzipMode) {
    this.#mode = mode;
  }

  push(bytes: Buffer): Buffer {
    if (this.#mode !== "once") return this.#piece(bytes);
    this.#held.push(bytes);
    return Buffer.alloc(0);
  }

  end(): Buffer {
    const held = this.#mode === "once" ? this.#piece(Buffer.concat(this.#held)) : Buffer.alloc(0);
    if (this.#mode === "cut") return held;
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#length % 2 ** 32, 4);
    return Buffer.concat([held, LAST_BLOCK, trailer]);
  }

  #piece(bytes: Buffer): Buffer {
    const header = this.#begun ? Buffer.alloc(0) : HEADER;
    this.#begun = true;
    this.#crc = zlib.crc32(bytes, this.#crc);
    this.#length += bytes.length;
    return Buffer.concat([header, zlib.deflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH })]);
  }
}
