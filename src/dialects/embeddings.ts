import type { Call } from "../core/call.ts";
import type { Client } from "../core/dialect.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import { vectorIn } from "../core/vector-bytes.ts";
import { exchangeFor, isEventStream, noteHeaders } from "./exchange.ts";
import { parseBody, refuseErrorBody } from "./json-body.ts";
import { wireError } from "./wire-error.ts";

/** The embeddings of a wire format. */
export interface EmbeddingWire<Params> {
  encode(request: ModelRequest, target: Target): Params;
  readonly client: Client<Params>;
  /** Usage first: it is billed even if the vectors cannot be read. */
  decode(body: unknown, call: Call, out: FlowEvent[]): void;
}

/** One attempt: encode, send, decode. The body is not kept: `raw` would be many times the size of the vectors. */
export async function* embedOverWire<Params>(call: Call, wire: EmbeddingWire<Params>): Events {
  const { target, record } = call;
  const exchange = exchangeFor(call, false, record.root.remarks);
  record.exchange = exchange;
  const out: FlowEvent[] = [];
  try {
    const response = await wire.client.send(wire.encode(call.request, target), call, exchange);
    if (isEventStream(response)) {
      response.cancel();
      throw targetError(target, "protocol_error", "expected JSON, got an event stream");
    }
    const body = parseBody(await response.text(), target);
    refuseErrorBody(body, target);
    wire.decode(body, call, out);
    out.push({ type: "finish", reason: "stop", sample: 0 });
  } catch (error) {
    if (exchange.response !== undefined) noteHeaders(call, exchange.response);
    if (out.length > 0) yield out;
    throw wireError(error, call, exchange);
  }
  if (exchange.response !== undefined) noteHeaders(call, exchange.response);
  yield out;
}

/** A vector as a server sends it: an array of numbers, or base64 of 32-bit floats, whatever was requested. */
export interface SentVector {
  /** The index of its text. Default: its position in the list. */
  readonly index?: unknown;
  readonly values: unknown;
}

/** The vectors in the order of the texts; servers may send them in another one. */
export function orderedVectors(sent: readonly SentVector[], { request, target }: Call): readonly Float32Array[] {
  const count = request.embedding?.texts.length ?? 0;
  const wrong = (words: string): ModelError => targetError(target, "protocol_error", words);
  if (sent.length !== count) throw wrong(`${sent.length} vectors for ${count} texts`);
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
  for (const [position, { index = position, values }] of sent.entries()) {
    if (!isPlace(index, count)) throw wrong(`a vector has the index ${String(index)}, and there are ${count} texts`);
    if (vectors[index] !== undefined) throw wrong(`two vectors have the index ${index}`);
    const vector = vectorOf(values);
    if (vector === undefined) throw wrong(`the vector of text ${index} is not an array of numbers`);
    vectors[index] = vector;
  }
  return vectors as readonly Float32Array[];
}

function isPlace(index: unknown, count: number): index is number {
  return Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;
}

function vectorOf(values: unknown): Float32Array | undefined {
  if (typeof values === "string") return vectorIn(values);
  if (!Array.isArray(values) || !values.every((value) => typeof value === "number")) return undefined;
  return Float32Array.from(values);
}
