import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { isDeepJson } from "../core/bounded-depth.ts";
import { own } from "../core/own.ts";
import { asObject, type Json } from "../dialects/served/json.ts";
import { Rejection } from "../dialects/served/problem.ts";

type Decoder = () => zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

/**
 * The JSON object in the body of a request.
 * @throws Rejection for a body that is larger than `maxBytes`, or not a JSON object.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Json> {
  const text = await textOf(request, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("We could not parse the JSON body of your request: it is not valid JSON.");
  }
  if (isDeepJson(text, value)) throw invalid("The JSON body is nested too deeply.");
  const body = asObject(value);
  if (body === undefined) throw invalid("The JSON body of your request is not an object.");
  return body;
}

async function textOf(request: Request, maxBytes: number): Promise<string> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (length > maxBytes) throw tooLarge(maxBytes);
  // The server reads no more than the length that the request declares.
  if (encoding === "identity" && length >= 0) return request.text();
  if (request.body === null) return "";
  const bytes = Readable.fromWeb(request.body as import("node:stream/web").ReadableStream<Uint8Array>);
  return encoding === "identity" ? limited(bytes, maxBytes) : decoded(bytes, encoding, maxBytes);
}

async function decoded(bytes: Readable, encoding: string, maxBytes: number): Promise<string> {
  const decoder = own(DECODERS, encoding)?.();
  if (decoder === undefined) {
    bytes.destroy();
    const known = Object.keys(DECODERS).join(", ");
    throw new Rejection({ kind: "invalid", status: 415, message: `content-encoding must be one of ${known}` });
  }
  bytes.on("error", (error) => decoder.destroy(error));
  try {
    return await limited(bytes.pipe(decoder), maxBytes);
  } catch (error) {
    if (error instanceof Rejection) throw error;
    throw invalid(`The body is not valid ${encoding}.`);
  } finally {
    bytes.destroy();
  }
}

async function limited(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let count = 0;
  for await (const piece of bytes) {
    count += piece.byteLength;
    if (count > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function tooLarge(maxBytes: number): Rejection {
  return new Rejection({ kind: "too-large", message: `The body has more than ${maxBytes} bytes (max_body).` });
}

function invalid(message: string): Rejection {
  return new Rejection({ kind: "invalid", message });
}
