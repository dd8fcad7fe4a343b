import type { ModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { AnswerForm } from "../dialects/served/answer-writer.ts";
import { eventStream, type Framing, jsonArray } from "../dialects/served/framing.ts";
import type { Json } from "../dialects/served/json.ts";
import { eventBatches } from "../model/model.ts";
import type { Answer, Chunk } from "./answer.ts";
import { AnswerStream } from "./answer-stream.ts";
import type { Arrival } from "./arrival.ts";
import { jsonAnswer, problemAnswer } from "./json-answer.ts";
import { callOf, type ModelCall } from "./model-call.ts";
import { clientLeft } from "./problems.ts";
import { ServedCall } from "./served-call.ts";
import { StreamBody } from "./stream-body.ts";

/** Answers a request for generated text, as one body or as a stream. */
export async function generate(arrival: Arrival): Promise<Answer> {
  const call = await callOf(arrival);
  const served = servedCall(arrival, call);
  const { request } = arrival;
  const stop = (reason: ModelError) => void served.batches.leave(reason).catch(() => {});
  const leave = () => stop(clientLeft());
  if (request.hasLeft) throw clientLeft();
  arrival.onStop(stop);
  const stay = request.onLeft(leave);
  try {
    return call.stream ? await streamed(arrival, served) : await complete(arrival, served);
  } finally {
    stay();
  }
}

function servedCall(arrival: Arrival, call: ModelCall): ServedCall {
  const { model, messages, options, stream, name } = call;
  const gatewayKey = arrival.key?.name;
  const batches = eventBatches(model, messages, options, {
    streaming: stream,
    deadlineAtMs: call.deadlineAtMs,
    deadlineOf: call.deadlineOf,
    gatewayKey,
    sameWire: call.sameWire,
  });
  arrival.note({ model: name, stream });
  return new ServedCall(arrival, call, batches);
}

/** The answer is written when its last event has arrived, so that one that breaks off and starts again is complete. */
async function complete(arrival: Arrival, served: ServedCall): Promise<Answer> {
  try {
    const body = await bodyOf(served, arrival.wire.answer);
    return jsonAnswer(arrival, 200, body, served.headers());
  } catch (error) {
    const failure = served.fail(error);
    return problemAnswer(arrival, failure, served.headers());
  }
}

async function bodyOf(served: ServedCall, form: AnswerForm): Promise<Json> {
  const { batches } = served;
  const events: FlowEvent[] = [];
  for (let batch = await batches.next(); batch !== undefined; batch = await batches.next())
    for (const event of batch) {
      if (event.type === "reset") events.length = 0;
      const shown = served.events.shown(event);
      if (shown !== undefined) events.push(shown);
    }
  const reply = await batches.reply;
  served.finish(reply);
  events.push(...served.events.last(reply));
  const body = form.body(served.head(), events);
  await served.keep(body);
  return body;
}

async function streamed(arrival: Arrival, served: ServedCall): Promise<Answer> {
  const framing: Framing = arrival.asArray ? jsonArray() : eventStream();
  const stream = new AnswerStream(served, framing);
  const first = stream.next();
  try {
    await settledWithin(first, arrival);
  } catch (error) {
    return problemAnswer(arrival, served.fail(error), served.headers());
  }
  const parts = {
    stream,
    clock: arrival.clock,
    fail: (error: unknown): Chunk => stream.failed(served.fail(error)),
    leave: async () => {
      const reason = clientLeft();
      await served.batches.leave(reason);
      served.fail(reason);
    },
    connection: arrival.request.connection,
    onEnd: (left: boolean) => arrival.end(200, left),
  };
  const headers = { ...streamHeaders(framing), ...arrival.headers(), ...served.headers(true) };
  arrival.hold();
  return { status: 200, headers, body: new StreamBody(parts, first) };
}

function streamHeaders({ contentType }: Framing): Readonly<Record<string, string>> {
  return {
    "content-type": contentType,
    // Proxies must neither store, compress nor buffer it.
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  };
}

/** Waits until the first events are there, or for `commit_after`; rejects if the call fails before. */
function settledWithin(first: Promise<Chunk>, { clock, config }: Arrival): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.schedule(resolve, config.commitAfter);
    first.then(() => resolve(), reject).finally(stop);
  });
}
