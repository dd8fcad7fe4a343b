import { Fields } from "../dialects/served/fields.ts";
import { refuseRouting } from "../dialects/served/other-model.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { EmbeddingReply } from "../model/embed.ts";
import { embedFor } from "../model/model.ts";
import type { Answer } from "./answer.ts";
import type { Arrival } from "./arrival.ts";
import { jsonAnswer } from "./json-answer.ts";
import { callerOf } from "./model-call.ts";
import { callHeaders } from "./outcome.ts";
import { readBody } from "./request-body.ts";
import { DEADLINE_HEADER, headerOptions } from "./request-headers.ts";

/** Computes embeddings. */
export async function embed(arrival: Arrival): Promise<Answer> {
  const { request, wire, path, model: inPath, names, key } = arrival;
  const { embeddings } = wire;
  if (embeddings === undefined) throw new Rejection({ kind: "not-found" });
  const { options: asked, deadlineMs } = headerOptions(request);
  const { tags, cache } = asked;
  const deadline = deadlineMs === undefined ? undefined : { limitMs: deadlineMs, by: DEADLINE_HEADER };
  const body = await readBody(arrival);
  refuseRouting(new Fields(body), {});
  const ask = embeddings.read({ path, model: inPath, body });
  if (ask.tokenIds === true)
    throw new Rejection({ kind: "invalid", message: "token ids are not supported; send strings", param: "input" });
  const model = await names.model(ask.model, request);
  arrival.note({ model: ask.model });
  const { user } = body;
  const options = {
    signal: request.signal,
    dimensions: ask.dimensions,
    tags,
    cache,
    ...(typeof user === "string" && { user }),
    ...callerOf(key, tags),
  };
  const reply = await embedFor(model, ask.texts, options, { gatewayKey: key?.name, deadline });
  noteReply(arrival, reply);
  const vectors = reply.embeddings;
  return jsonAnswer(arrival, 200, embeddings.body(ask, vectors, path, reply.usage.total), headersOf(reply));
}

function noteReply(arrival: Arrival, { callId, model, provider, attempts, cost, usage }: EmbeddingReply): void {
  const call = callId === undefined ? {} : { call: callId };
  const spent = { attempts: attempts.length, costUsd: cost.usd, inputTokens: usage.total };
  arrival.note({ ...call, entry: model, provider, ...spent });
}

function headersOf(reply: EmbeddingReply): Readonly<Record<string, string>> {
  const { callId = "", model: entry, provider, attempts, adjustments, cached, cost } = reply;
  return callHeaders({ progress: { callId, attempts, cached }, costUsd: cost.usd, entry, provider, adjustments });
}
