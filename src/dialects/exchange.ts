import { rateLimitOf, requestIdOf } from "../core/answer-headers.ts";
import type { Adjustment } from "../core/attempt.ts";
import { boundedJson } from "../core/bounded-depth.ts";
import type { Call } from "../core/call.ts";
import { Changes } from "../core/changes.ts";
import type { Client, Decoder, Encode } from "../core/dialect.ts";
import { isModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import { mergedAdaptation } from "../core/merged-settings.ts";
import type { Operation } from "../core/operation.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";
import type { Exchange, Remark, WireResponse } from "../core/transport.ts";
import { parseBody, refuseErrorBody } from "./json-body.ts";
import { promptTexts } from "./prompt-texts.ts";
import { RawEvents } from "./raw-events.ts";
import { requestSecrets } from "./request-secrets.ts";
import { wireError } from "./wire-error.ts";

/** The parts of a wire format; `openWire` combines them in the same way for all. */
export interface Wire<Params> {
  readonly encode: Encode<Params>;
  readonly client: Client<Params>;
  readonly decoder: (target: Target, streaming: boolean, request: ModelRequest) => Decoder;
}

/** One attempt: encode, send, decode. Every failure is a ModelError with provider and model. */
export async function* openWire<Params>(call: Call, wire: Wire<Params>): Events {
  const { target } = call;
  const exchange = exchangeFor(call, call.streaming, call.record.root.remarks);
  call.record.exchange = exchange;
  try {
    const encoded = wire.encode(call.request, target, call.streaming);
    refuseForbidden(encoded.adjustments, call);
    const response = await wire.client.send(encoded.params, call, exchange);
    noteHeaders(call, response);
    const first: FlowEvent[] = encoded.adjustments.map((adjustment) => ({ type: "adjustment", adjustment }));
    const streamed = isEventStream(response) || (call.streaming && !isJson(response) && response.status !== 204);
    const decoder = wire.decoder(target, streamed, call.request);
    if (streamed) yield* decodeStream(call, response, decoder, first);
    else {
      const { batch, failure } = decodeBody(call, await response.text(), decoder, first);
      if (failure === undefined || batch.length > 0) yield batch;
      if (failure !== undefined) throw failure;
    }
  } catch (error) {
    if (exchange.response !== undefined) noteHeaders(call, exchange.response);
    throw wireError(error, call, exchange);
  }
}

async function* decodeStream(call: Call, response: WireResponse, decoder: Decoder, first: FlowEvent[]): Events {
  let batch = first;
  const raw = new RawEvents();
  let ended = false;
  call.record.raw = raw.kept;
  try {
    for await (const messages of response.messages()) {
      for (const { data, event, unended } of messages) {
        if (data === "" || (unended === true && !isWhole(data))) continue;
        if (call.input.raw) batch.push({ type: "raw", event: boundedJson(data, parseRaw(data)) });
        raw.add(data);
        const before = batch.length;
        decoder.push(data, event, batch);
        if (hasOtherOutput(batch, before)) raw.keepLast();
        if (decoder.done) break;
      }
      if (decoder.done) break;
      if (batch.length > 0) yield batch;
      batch = [];
    }
    ended = true;
    decoder.end(batch);
  } catch (error) {
    // If the decoder rejected the end, it has emitted its buffered events; a second end would repeat them.
    const whole = !ended && brokeAfterTheEnd(error) && endsWell(decoder, batch);
    // Events before the failure are delivered, for `partial` and the usage.
    if (batch.length > 0) yield batch;
    if (whole) return;
    throw error;
  }
  yield batch;
}

/** Failures of the body, not of its contents; only the decoder knows whether the answer was complete before. */
function brokeAfterTheEnd(error: unknown): boolean {
  return (
    isModelError(error, "stream_truncated") ||
    isModelError(error, "connection_failed") ||
    (isModelError(error, "timed_out") && error.phase === "silence")
  );
}

function endsWell(decoder: Decoder, batch: FlowEvent[]): boolean {
  try {
    decoder.end(batch, true);
    return true;
  } catch {
    return false;
  }
}

/** What was read before a failure is delivered. */
function decodeBody(call: Call, text: string, decoder: Decoder, batch: FlowEvent[]): DecodedBody {
  const body = parseBody(text, call.target);
  const bounded = boundedJson(text, body);
  if (call.input.raw) batch.push({ type: "raw", event: bounded });
  call.record.raw = bounded;
  refuseErrorBody(body, call.target);
  try {
    decoder.body(body, batch);
    decoder.end(batch);
  } catch (failure) {
    return { batch, failure };
  }
  return { batch, failure: undefined };
}

interface DecodedBody {
  readonly batch: readonly FlowEvent[];
  readonly failure: unknown;
}

/** Changes by an encoder are rejected like any other change if they are not allowed. */
function refuseForbidden(adjustments: readonly Adjustment[], { target, input }: Call): void {
  if (adjustments.length === 0) return;
  const changes = new Changes(target, mergedAdaptation(input, target));
  for (const adjustment of adjustments) changes.require(adjustment);
}

/** Some servers answer a streaming request with one JSON body: an error, or the complete answer. */
function isJson(response: WireResponse): boolean {
  return response.headers.get("content-type")?.includes("application/json") ?? false;
}

/** Some servers stream even if the request did not ask for it. */
export function isEventStream(response: WireResponse): boolean {
  return /^\s*text\/event-stream/i.test(response.headers.get("content-type") ?? "");
}

/** A body without a length ends cleanly wherever it is truncated, so an incomplete last event is ignored. */
function isWhole(data: string): boolean {
  return data.trim() === "[DONE]" || typeof parseRaw(data) === "object";
}

/** Whether a wire event has output that only `raw` contains. */
function hasOtherOutput(batch: readonly FlowEvent[], from: number): boolean {
  for (let index = from; index < batch.length; index++) if (batch[index]?.type === "other-output") return true;
  return false;
}

function parseRaw(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

/** The exchange between dialect and transport for one request. */
export function exchangeFor(operation: Operation, streaming: boolean, remarks?: Remark[]): Exchange {
  const { policy, proxy, tls, simulated } = operation.target;
  return {
    cancellation: operation.cancellation,
    connectTimeoutMs: policy.connectTimeoutMs,
    silenceTimeoutMs: policy.silenceTimeoutMs,
    proxy,
    tls,
    secrets: requestSecrets(operation),
    prompt: promptTexts(operation),
    streaming,
    sent: false,
    response: undefined,
    errorBody: undefined,
    remarks,
    ...(simulated === true && { recordedOrigin: SIMULATOR_ORIGIN }),
  };
}

/** The embedded simulator listens on another port in each process. */
const SIMULATOR_ORIGIN = "http://simulator";

/** Records the request id and the rate limits of a response. */
export function noteHeaders(call: Call, response: WireResponse): void {
  const { record, clock } = call;
  record.requestId = requestIdOf(response.headers) ?? record.requestId;
  record.rateLimit = rateLimitOf(response.headers, clock.now()) ?? record.rateLimit;
}
