import type { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { isDeepJson } from "../core/bounded-depth.ts";
import { own } from "../core/own.ts";
import { asObject, type Json } from "../dialects/served/json.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { Arrival } from "./arrival.ts";
import { inTime } from "./body-clock.ts";
import type { ClientRequest } from "./client-request.ts";
import { clientLeft } from "./problems.ts";

type Decoder = () => zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress;

/** The largest window that a decoder of this content encoding must support; a frame may ask for gigabytes (RFC 9659). */
const ZSTD_WINDOW = { params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } };

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(ZSTD_WINDOW),
};

/** Skips a byte order mark. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The JSON object in the body of a request.
 * @throws Rejection for a body that is too large or too slow, or not a JSON object.
 */
export async function readBody(arrival: Pick<Arrival, "request" | "clock" | "config">): Promise<Json> {
  const { request, clock, config } = arrival;
  const arrived = request.arrived();
  if (arrived !== undefined && arrived.byteLength > config.maxBody) throw tooLarge(config.maxBody);
  const text = textOf(arrived ?? (await inTime(request, clock, bytesOf(request, config.maxBody))));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notJson(request.header("content-type"));
  }
  if (isDeepJson(text, value)) throw invalid("The JSON body is nested too deeply.");
  const body = asObject(value);
  if (body === undefined) throw invalid("The JSON body of your request is not an object.");
  return body;
}

async function bytesOf(request: ClientRequest, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  const length = Number(request.header("content-length") ?? Number.NaN);
  if (length > maxBytes) throw tooLarge(maxBytes);
  try {
    // The server reads no more than the length that the request declares.
    if (encoding === "identity" && length >= 0) return await request.bytes();
    const bytes = request.pieces();
    if (bytes === null) return new Uint8Array();
    return encoding === "identity" ? await limited(bytes, maxBytes) : await decoded(bytes, encoding, maxBytes);
  } catch (error) {
    throw error instanceof Rejection ? error : clientLeft();
  }
}

async function decoded(bytes: Readable, encoding: string, maxBytes: number): Promise<Uint8Array> {
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

async function limited(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let count = 0;
  for await (const piece of bytes) {
    count += piece.byteLength;
    if (count > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalid("The body is not valid UTF-8.");
  }
}

/** Types of JSON, and those that clients send who name none. */
const USUAL_TYPE = /\bjson\b|^text\/plain\b|^$/i;

function notJson(contentType: string | null): Rejection {
  const message = "We could not parse the JSON body of your request: it is not valid JSON.";
  if (USUAL_TYPE.test(contentType ?? "")) return invalid(message);
  const hint = "Send content-type: application/json.";
  return new Rejection({ kind: "invalid", status: 415, message, hint });
}

function tooLarge(maxBytes: number): Rejection {
  return new Rejection({ kind: "too-large", message: `The body has more than ${maxBytes} bytes (max_body).` });
}

function invalid(message: string): Rejection {
  return new Rejection({ kind: "invalid", message });
}
