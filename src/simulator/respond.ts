import type { IncomingHttpHeaders } from "node:http";
import { retryAfterOf } from "../core/answer-headers.ts";
import { isDeep } from "../core/bounded-depth.ts";
import type { ProblemKind } from "../core/problem-kind.ts";
import type { WireName } from "../core/wire-name.ts";
import { anthropic } from "../dialects/anthropic/server/write-response.ts";
import { google } from "../dialects/google/server/write-response.ts";
import { keptItems } from "../dialects/openai/server/read-responses-request.ts";
import { openaiChat } from "../dialects/openai/server/write-chat-response.ts";
import { openaiResponses } from "../dialects/openai/server/write-responses-response.ts";
import type { SimulatedAnswer } from "../dialects/served/answer.ts";
import { dataText, sseText } from "../dialects/served/framing.ts";
import { asArray, asObject, type Json } from "../dialects/served/json.ts";
import { kindOfStatus, type Problem, Rejection } from "../dialects/served/problem.ts";
import { promptTokens } from "../dialects/served/prompt-segment.ts";
import type { SimulatedRequest } from "../dialects/served/request.ts";
import type { SimulatedServer } from "../dialects/served/wire-server.ts";
import type { Received, ResponseHistory, WireEvent } from "../dialects/server-wire.ts";
import { composeAnswer } from "./answer.ts";
import { applyFault, faultHeaders } from "./apply-fault.ts";
import { checkAnswer } from "./check-fault.ts";
import type { Delivery } from "./delivery.ts";
import { lengthOf, vectorOf } from "./embedding.ts";
import type { Fault } from "./fault.ts";
import { simulatedModel, simulatedModels } from "./model-list.ts";
import { dropOldest, type PromptCache } from "./prompt-cache.ts";
import type { Route } from "./route.ts";

const WIRES: Readonly<Record<WireName, SimulatedServer>> = {
  openai: openaiChat,
  "openai-responses": openaiResponses,
  anthropic,
  google,
};

/** Stored responses; each has the conversation before it. */
const MAX_RESPONSES = 1_000;

/** State that is kept between requests. */
export interface Memory {
  readonly cache: PromptCache;
  readonly history: ResponseHistory;
}

export interface Arrival {
  readonly route: Route;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; `undefined` if it was invalid. */
  readonly body: unknown;
  readonly tooLarge: boolean;
  readonly credential: string | undefined;
  readonly requestId: string;
  readonly nowMs: number;
  readonly fault: Fault | undefined;
  readonly seed: string;
  readonly memory: Memory;
  readonly answers: ((request: SimulatedRequest) => SimulatedAnswer | undefined) | undefined;
}

/** Creates the response without writing it. An exception here, or in the user's `answers`, becomes a 500. */
export function respond(arrival: Arrival): Delivery {
  try {
    return answered(arrival);
  } catch (error) {
    if (error instanceof Rejection) return problemDelivery(arrival, error.problem);
    return problemDelivery(arrival, { kind: "server", message: `The simulator failed: ${String(error)}` });
  }
}

function answered(arrival: Arrival): Delivery {
  const { route, fault } = arrival;
  if (fault !== undefined && isScriptedProblem(fault, route.wire)) return scriptedProblem(arrival, fault);
  if (arrival.tooLarge) throw new Rejection({ kind: "too-large" });
  if (arrival.credential === "invalid") throw new Rejection({ kind: "auth" });
  if (route.action === "unknown") throw new Rejection({ kind: "not-found", message: `Invalid URL (${arrival.path})` });
  const wire = WIRES[route.wire];
  if (route.action === "models") return jsonDelivery(arrival, 200, wire.models(simulatedModels(wire.name)));
  if (route.action === "model")
    return jsonDelivery(arrival, 200, wire.model(simulatedModel(wire.name, route.model ?? "")));
  if (route.action === "embed") return embeddingDelivery(arrival, wire);
  const request = wire.read(receivedFrom(arrival));
  if (route.action === "count") return jsonDelivery(arrival, 200, wire.counted(promptTokens(request.segments)));
  return answerDelivery(arrival, wire, request);
}

function receivedFrom(arrival: Arrival): Received {
  const body = asObject(arrival.body);
  if (body === undefined) {
    throw new Rejection({
      kind: "invalid",
      message: "We could not parse the JSON body of your request: it is not a JSON object.",
    });
  }
  if (isDeep(body)) throw new Rejection({ kind: "invalid", message: "The JSON body is nested too deeply." });
  const { route, path, headers, memory } = arrival;
  return {
    path,
    model: route.model,
    streaming: route.streaming,
    counting: route.action === "count",
    headers,
    body,
    history: memory.history,
  };
}

function embeddingDelivery(arrival: Arrival, { embeddings }: SimulatedServer): Delivery {
  const { path } = arrival;
  if (embeddings === undefined) throw new Rejection({ kind: "not-found", message: `Invalid URL (${path})` });
  const ask = embeddings.read(receivedFrom(arrival));
  const length = ask.dimensions ?? lengthOf(ask.model);
  const vectors = ask.texts.map((text) => vectorOf(text, length));
  return faulty(arrival, jsonDelivery(arrival, 200, embeddings.body(ask, vectors, path)), []);
}

function answerDelivery(arrival: Arrival, wire: SimulatedServer, request: SimulatedRequest): Delivery {
  const { fault, memory } = arrival;
  const made = madeAnswer(fault, wire.name) ?? usersAnswer(arrival, request);
  const answer = composeAnswer(request, arrival.seed, memory.cache.use(request), made);
  if (request.wire === "openai-responses" && request.body.store !== false) {
    const { id, output } = wire.body(request, answer);
    memory.history.set(String(id), [...keptItems(request.body, memory.history), ...asArray(output)]);
    dropOldest(memory.history, MAX_RESPONSES);
  }
  const used = answer.usage.input + answer.usage.output;
  if (!request.stream) return faulty(arrival, jsonDelivery(arrival, 200, wire.body(request, answer), used), []);
  return faulty(arrival, streamDelivery(arrival, wire.events(request, answer), used), wire.events(request, answer));
}

function usersAnswer({ answers }: Arrival, request: SimulatedRequest): SimulatedAnswer | undefined {
  const made = answers?.(request);
  if (made !== undefined) checkAnswer(made);
  return made;
}

/** `filter` and `refusal` without a status are answers with that finish reason; Gemini's filter sends no text. */
function madeAnswer(fault: Fault | undefined, wire: WireName): SimulatedAnswer | undefined {
  if (fault?.answer !== undefined) return fault.answer;
  if (fault?.kind === "filter") return { finish: "content-filter", ...(wire === "google" && { text: "" }) };
  if (fault?.kind === "refusal")
    return { finish: "refusal", refusal: "I'm sorry, but this simulated model refuses to answer that." };
  return undefined;
}

function faulty(arrival: Arrival, healthy: Delivery, events: readonly WireEvent[]): Delivery {
  const { fault } = arrival;
  if (fault === undefined) return healthy;
  if (fault.errorEvent !== undefined && !healthy.streaming)
    return problemDelivery(arrival, { kind: fault.errorEvent.kind ?? "overloaded" });
  const problem: Problem = { kind: fault.errorEvent?.kind ?? "overloaded" };
  const wire = WIRES[arrival.route.wire];
  return applyFault(healthy, fault, (sent) =>
    framesOf(arrival, wire.problemEvents(problem, arrival.requestId, events.slice(0, sent))),
  );
}

const ANSWER_KINDS: readonly (ProblemKind | undefined)[] = ["filter", "refusal", undefined];

function isScriptedProblem(fault: Fault, wire: WireName): boolean {
  // Claude has no finish reason for a filter: it is an error.
  if (fault.kind === "filter" && wire === "anthropic") return true;
  if (fault.html === true || fault.empty === true || fault.body !== undefined) return true;
  const failing = fault.status !== undefined && fault.status >= 300;
  return failing || !ANSWER_KINDS.includes(fault.kind);
}

function scriptedProblem(arrival: Arrival, fault: Fault): Delivery {
  const kind = fault.kind ?? kindOfStatus(fault.status ?? 500);
  const retryAfter = typeof fault.retryAfter === "number" ? fault.retryAfter : undefined;
  const scripted = faultHeaders(fault);
  const limits = kind === "rate-limit" ? exhausted(arrival, scripted) : {};
  const healthy = problemDelivery(arrival, { kind, status: fault.status, retryAfter, model: modelOf(arrival) });
  const body = bodyText(fault.body);
  const given = body === undefined ? healthy : { ...healthy, status: fault.status ?? 200, frames: [body] };
  return applyFault({ ...given, headers: { ...given.headers, ...limits, ...scripted } }, fault, () => []);
}

const NO_WAITS = { headers: [], waits: [], texts: [] };

/** The headers of an exhausted limit, which resets at the scripted time. */
function exhausted(
  { route, nowMs }: Arrival,
  scripted: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const waitMs = retryAfterOf({ headers: new Headers(scripted), nowMs, body: NO_WAITS }, false);
  return WIRES[route.wire].exhausted(waitMs, nowMs);
}

function bodyText(body: unknown): string | undefined {
  return body === undefined || typeof body === "string" ? body : JSON.stringify(body);
}

function modelOf({ body, route }: Arrival): string | undefined {
  const named = asObject(body)?.model;
  return typeof named === "string" ? named : route.model;
}

function problemDelivery(arrival: Arrival, problem: Problem): Delivery {
  const { status, body } = WIRES[arrival.route.wire].problem(problem, arrival.requestId);
  return jsonDelivery(arrival, status, body);
}

function jsonDelivery(arrival: Arrival, status: number, body: Json, usedTokens = 0): Delivery {
  return {
    status,
    headers: headersOf(arrival, "application/json", usedTokens),
    frames: [JSON.stringify(body)],
    ending: "complete",
    streaming: false,
  };
}

function streamDelivery(arrival: Arrival, events: readonly WireEvent[], usedTokens: number): Delivery {
  const type = arrival.route.asArray ? "application/json" : "text/event-stream; charset=utf-8";
  const headers = { ...headersOf(arrival, type, usedTokens), "cache-control": "no-cache" };
  return { status: 200, headers, frames: framesOf(arrival, events), ending: "complete", streaming: true };
}

function headersOf(arrival: Arrival, contentType: string, usedTokens: number): Readonly<Record<string, string>> {
  return {
    "content-type": contentType,
    ...WIRES[arrival.route.wire].headers(arrival.requestId, usedTokens, arrival.nowMs),
  };
}

function framesOf(arrival: Arrival, events: readonly WireEvent[]): readonly string[] {
  if (!arrival.route.asArray) return events.map(sseText);
  const texts = events.map(({ data }) => dataText(data));
  return texts.map((text, index) => `${index === 0 ? "[" : ","}${text}${index === texts.length - 1 ? "]" : ""}\n`);
}
