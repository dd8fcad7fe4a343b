import type { Answer, Sample, SampleCall, SimulatedAnswer, SimulatedUsage } from "../dialects/served/answer.ts";
import { digest } from "../dialects/served/hash.ts";
import { promptTokens } from "../dialects/served/prompt-segment.ts";
import type { SimulatedRequest } from "../dialects/served/request.ts";
import { firstTokens, tokensOf } from "../dialects/served/tokens.ts";
import { codeFor, isAboutCode } from "./code-sample.ts";
import type { CacheUse } from "./prompt-cache.ts";
import { jsonAnswer, proseAnswer, reasoningText, toolResultAnswer } from "./prose.ts";
import { requestedValue } from "./requested-value.ts";
import { wantedTools } from "./wanted-tools.ts";

type Draft = Omit<Sample, "index" | "stopSequence">;

/** The answer to a request: the same request and seed always give the same answer, streamed or not. */
export function composeAnswer(
  request: SimulatedRequest,
  seed: string,
  cache: CacheUse,
  made?: SimulatedAnswer,
): Answer {
  const { stream: _stream, stream_options: _options, ...body } = request.body;
  const fingerprint = digest(seed, request.wire, request.model, body);
  const samples = Array.from({ length: request.samples }, (_, index) => {
    const topic = digest(seed, request.wire, request.model, request.system, topicOf(request), request.seed, index);
    return limited(userDraft(made, request, topic, index), request, index);
  });
  return { fingerprint, samples, usage: { ...usageOf(request, samples, cache), ...made?.usage } };
}

/** A partial assistant message at the end is continued, so it does not change the topic. */
function topicOf(request: SimulatedRequest): unknown {
  return request.turns.at(-1)?.role === "assistant" ? request.turns.slice(0, -1) : request.turns;
}

/** A custom answer completed with generated parts; half of the text for a filter. */
function userDraft(made: SimulatedAnswer | undefined, request: SimulatedRequest, topic: string, index: number): Draft {
  if (made === undefined) return draft(request, topic, index);
  const { text, refusal = "", toolCalls } = made;
  const silent = text === undefined && made.refusal === undefined && toolCalls === undefined;
  // A custom answer does not need a satisfiable schema.
  const usual = silent ? draft(request, topic, index) : emptyDraft(request, topic);
  const calls = silent ? usual.calls : (toolCalls ?? []).map((call) => callOf(call.name, call.arguments));
  const spoken = silent ? usual.text : (text ?? "");
  const finish = made.finish ?? (calls.length > 0 ? "tool-calls" : refusal === "" ? "stop" : "refusal");
  const cut = silent && finish === "content-filter" ? firstTokens(spoken, Math.ceil(tokensOf(spoken) / 2)) : spoken;
  return {
    reasoning: made.reasoning ?? usual.reasoning,
    redacted: made.redacted ?? false,
    text: cut,
    refusal,
    calls,
    finish,
  };
}

function draft(request: SimulatedRequest, topic: string, index: number): Draft {
  const empty = emptyDraft(request, topic);
  const calls = wantedTools(request).map((tool, position) => {
    const options = { prompt: request.prompt, seed: digest(topic, position) };
    return callOf(tool.name, requestedValue(`arguments for the tool "${tool.name}"`, tool.parameters, options));
  });
  if (calls.length > 0) return { ...empty, calls, finish: "tool-calls" };
  return { ...empty, text: continued(answerText(request, topic, index), request) };
}

function emptyDraft(request: SimulatedRequest, topic: string): Draft {
  const reasoning = request.reasoning === undefined ? "" : reasoningText(request, topic);
  return { reasoning, redacted: false, text: "", refusal: "", calls: [], finish: "stop" };
}

function callOf(name: string, value: unknown): SampleCall {
  return { name, json: JSON.stringify(value ?? {}), arguments: value ?? {} };
}

function answerText(request: SimulatedRequest, topic: string, index: number): string {
  if (request.output !== "text") return jsonAnswer(request, topic, index);
  if ((request.turns.at(-1)?.results.length ?? 0) > 0) return toolResultAnswer(request, index);
  return isAboutCode(request.prompt) ? codeFor(request, index) : proseAnswer(request, topic, index);
}

/** The rest of an answer whose start is in the request. */
function continued(text: string, request: SimulatedRequest): string {
  const last = request.turns.at(-1);
  if (last?.role !== "assistant" || !text.startsWith(last.text)) return text;
  return text.slice(last.text.length);
}

/** Applies stop sequences, then the token limit in output order: reasoning, text, calls. */
function limited(draft: Draft, request: SimulatedRequest, index: number): Sample {
  const stop = firstStop(draft.text, request.stop);
  const text = stop === undefined ? draft.text : draft.text.slice(0, stop.at);
  const whole: Sample = { ...draft, text, index, stopSequence: stop?.sequence };
  if (request.maxTokens === undefined || outputTokens(whole) <= request.maxTokens) return whole;
  const reasoning = firstTokens(draft.reasoning, request.maxTokens);
  const forText = request.maxTokens - tokensOf(reasoning);
  const shown = firstTokens(text, forText);
  const calls = limitedCalls(draft.calls, forText - tokensOf(shown));
  return { ...draft, reasoning, text: shown, calls, finish: "length", index, stopSequence: undefined };
}

function limitedCalls(calls: readonly SampleCall[], tokens: number): readonly SampleCall[] {
  const kept: SampleCall[] = [];
  let left = tokens;
  for (const call of calls) {
    left -= tokensOf(call.name);
    if (left <= 0) break;
    const json = firstTokens(call.json, left);
    kept.push(json === call.json ? call : { name: call.name, json, arguments: {} });
    left -= tokensOf(json);
  }
  return kept;
}

function firstStop(text: string, stops: readonly string[]): { at: number; sequence: string } | undefined {
  return stops
    .map((sequence) => ({ sequence, at: sequence === "" ? -1 : text.indexOf(sequence) }))
    .filter((found) => found.at >= 0)
    .sort((left, right) => left.at - right.at)[0];
}

function outputTokens(sample: Sample): number {
  const calls = sample.calls.reduce((sum, call) => sum + tokensOf(call.name) + tokensOf(call.json), 0);
  return tokensOf(sample.reasoning) + tokensOf(sample.text) + tokensOf(sample.refusal) + calls;
}

function usageOf(request: SimulatedRequest, samples: readonly Sample[], cache: CacheUse): SimulatedUsage {
  return {
    input: promptTokens(request.segments),
    cacheRead: cache.read,
    cacheWrite5m: cache.write5m,
    cacheWrite1h: cache.write1h,
    output: samples.reduce((sum, sample) => sum + outputTokens(sample), 0),
    reasoning: samples.reduce((sum, sample) => sum + tokensOf(sample.reasoning), 0),
  };
}
