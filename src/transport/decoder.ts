import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { ModelError } from "../core/error.ts";
import type { Body } from "./body.ts";
import { BodyCut } from "./failure.ts";

type Zlib = ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>;

/** Decodes a content-encoding between the network and a body. */
export class ContentDecoder {
  readonly #encoding: string;
  readonly #body: Body;
  readonly #onFailure: (failure: ModelError | BodyCut) => void;
  readonly #onEnd: () => void;
  #zlib: Zlib | undefined;
  #paused = false;

  constructor(encoding: string, body: Body, onEnd: () => void, onFailure: (failure: ModelError | BodyCut) => void) {
    this.#encoding = encoding;
    this.#body = body;
    this.#onEnd = onEnd;
    this.#onFailure = onFailure;
  }

  write(chunk: Buffer): void {
    this.#zlib ??= this.#open(chunk);
    this.#zlib.write(chunk);
  }

  end(): void {
    if (this.#zlib === undefined) this.#onEnd();
    else this.#zlib.end();
  }

  pause(): void {
    this.#paused = true;
    this.#zlib?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#zlib?.resume();
  }

  destroy(): void {
    this.#zlib?.destroy();
  }

  #open(first: Buffer): Zlib {
    const zlib = createZlib(this.#encoding, first);
    zlib.on("data", (chunk: Buffer) => this.#body.push(chunk));
    zlib.once("end", this.#onEnd);
    zlib.on("error", (error: NodeJS.ErrnoException) => this.#onFailure(failureOf(error, this.#encoding)));
    if (this.#paused) zlib.pause();
    return zlib;
  }
}

const ENCODINGS = new Set(["gzip", "x-gzip", "br", "deflate"]);

/** The encoding of a body; undefined for none. Throws for one that was not requested. */
export function contentEncoding(header: string | string[] | undefined): string | undefined {
  const encoding = String(header ?? "")
    .trim()
    .toLowerCase();
  if (encoding === "" || encoding === "identity") return undefined;
  if (ENCODINGS.has(encoding)) return encoding;
  throw new ModelError({
    code: "protocol_error",
    message: `The response has the unknown content-encoding "${encoding}".`,
  });
}

function createZlib(encoding: string, first: Buffer): Zlib {
  if (encoding === "br") return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH });
  const options = { flush: constants.Z_SYNC_FLUSH };
  if (encoding !== "deflate") return createGunzip(options);
  // Some servers send deflate without the required zlib wrapper, whose first nibble is 8.
  return ((first[0] ?? 0) & 0x0f) === 0x08 ? createInflate(options) : createInflateRaw(options);
}

function failureOf(error: NodeJS.ErrnoException, encoding: string): ModelError | BodyCut {
  if (error.code === "Z_BUF_ERROR") return new BodyCut(error);
  return new ModelError({ code: "protocol_error", message: `The body is not valid ${encoding}.`, cause: error });
}
