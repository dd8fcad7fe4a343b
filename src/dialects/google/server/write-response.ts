import type { Answer, Sample, SimulatedFinish } from "../../served/answer.ts";
import { idOf } from "../../served/hash.ts";
import type { Json } from "../../served/json.ts";
import { traitsOf } from "../../served/model-traits.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal, sign } from "../../served/signature.ts";
import { deltasOf, fractionalTokens } from "../../served/tokens.ts";
import { MODEL_IDS, type Wire, type WireEvent } from "../../server-wire.ts";
import { signedCall } from "./check-request.ts";
import { readGenerate } from "./read-request.ts";
import { googleProblem } from "./write-error.ts";

/** POST …/models/M:generateContent, :streamGenerateContent and :countTokens. */
export const google: Wire = {
  name: "google",
  read: readGenerate,
  body: generateBody,
  events: generateEvents,
  counted: (tokens) => ({ totalTokens: tokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: tokens }] }),
  problem: googleProblem,
  problemEvents: (problem) => [{ data: googleProblem(problem).body }],
  headers: () => ({ "x-gemini-service-tier": "standard" }),
  models: () => ({ models: MODEL_IDS.google.map(modelInfo) }),
  model: modelInfo,
};

/** Gemini has no word of its own for a refusal: it is stopped for safety, as a filtered answer is. */
const FINISH: Readonly<Record<SimulatedFinish, string>> = {
  stop: "STOP",
  length: "MAX_TOKENS",
  "tool-calls": "STOP",
  "content-filter": "SAFETY",
  refusal: "PROHIBITED_CONTENT",
};

function generateBody(request: SimulatedRequest, answer: Answer): Json {
  if (isBlocked(answer)) return blocked(request, answer);
  const candidates = answer.samples.map((sample) => ({
    content: { parts: partsOf(sample, request, answer), role: "model" },
    finishReason: FINISH[sample.finish],
    index: sample.index,
  }));
  return { candidates, usageMetadata: usageOf(answer, answer.usage.output), ...tail(request, answer) };
}

/** A filter that lets nothing through blocks the prompt: there is no candidate at all. */
function isBlocked(answer: Answer): boolean {
  const sample = answer.samples[0];
  return sample?.finish === "content-filter" && sample.text === "";
}

function blocked(request: SimulatedRequest, answer: Answer): Json {
  return {
    promptFeedback: { blockReason: "PROHIBITED_CONTENT" },
    usageMetadata: usageOf(answer, 0),
    ...tail(request, answer),
  };
}

function tail(request: SimulatedRequest, answer: Answer): Json {
  return { modelVersion: request.model, responseId: idOf("", answer.fingerprint) };
}

/** `produced` output tokens so far: the counts of a stream grow. */
function usageOf({ usage }: Answer, produced: number): Json {
  const thoughts = Math.min(usage.reasoning, produced);
  return {
    promptTokenCount: usage.input,
    ...(produced > thoughts && { candidatesTokenCount: produced - thoughts }),
    totalTokenCount: usage.input + produced,
    ...(usage.cacheRead > 0 && { cachedContentTokenCount: usage.cacheRead }),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
  };
}

function partsOf(sample: Sample, request: SimulatedRequest, answer: Answer): readonly Json[] {
  return [...thoughtParts(sample, request), ...textParts(sample), ...callParts(sample, request, answer)];
}

function thoughtParts(sample: Sample, request: SimulatedRequest): readonly Json[] {
  return sample.reasoning === "" || request.reasoning?.visible !== true
    ? []
    : [{ text: sample.reasoning, thought: true }];
}

function textParts(sample: Sample): readonly Json[] {
  const signature = sample.reasoning === "" ? {} : { thoughtSignature: seal("thought", sample.reasoning) };
  return sample.text === "" ? [] : [{ text: sample.text, ...signature }];
}

/** The first of parallel calls carries the signature for all of them. A call cut by the limit is left out. */
function callParts(sample: Sample, request: SimulatedRequest, answer: Answer): readonly Json[] {
  const { signsCalls } = traitsOf(request.model);
  const signing = signsCalls === true || sample.reasoning !== "";
  const whole = sample.calls.filter((call) => call.json === JSON.stringify(call.arguments));
  return whole.map((call, position) => {
    const id = signsCalls === true ? { id: idOf("", answer.fingerprint, sample.index, position).slice(0, 8) } : {};
    const functionCall = { ...id, name: call.name, args: call.arguments };
    return {
      functionCall,
      ...(signing && position === 0 && { thoughtSignature: sign("call", signedCall(functionCall)) }),
    };
  });
}

interface Piece {
  readonly parts: readonly Json[];
  readonly tokens: number;
}

function generateEvents(request: SimulatedRequest, answer: Answer): readonly WireEvent[] {
  if (isBlocked(answer)) return [{ data: blocked(request, answer) }];
  let produced = 0;
  const events = answer.samples.flatMap((sample) =>
    piecesOf(sample, request, answer)
      .map((piece) => {
        produced += piece.tokens;
        return chunk(sample, piece.parts, Math.min(answer.usage.output, Math.floor(produced)), request, answer);
      })
      .concat(
        chunk(sample, [{ text: "", ...closing(sample) }], answer.usage.output, request, answer, FINISH[sample.finish]),
      ),
  );
  return events.map((data) => ({ data }));
}

function chunk(
  sample: Sample,
  parts: readonly Json[],
  produced: number,
  request: SimulatedRequest,
  answer: Answer,
  finishReason?: string,
): Json {
  const candidate = {
    content: { parts, role: "model" },
    ...(finishReason !== undefined && { finishReason }),
    index: sample.index,
  };
  return { candidates: [candidate], usageMetadata: usageOf(answer, produced), ...tail(request, answer) };
}

/** In a stream the signature of a text comes on an empty part at its end. */
function closing(sample: Sample): Json {
  return sample.reasoning === "" || sample.text === "" ? {} : { thoughtSignature: seal("thought", sample.reasoning) };
}

function piecesOf(sample: Sample, request: SimulatedRequest, answer: Answer): readonly Piece[] {
  const shown = request.reasoning?.visible === true ? deltasOf(sample.reasoning) : [];
  const thoughts = shown.map((text) => ({ parts: [{ text, thought: true }], tokens: fractionalTokens(text) }));
  const hidden = shown.length === 0 && sample.reasoning !== "" ? fractionalTokens(sample.reasoning) : 0;
  const texts = deltasOf(sample.text).map((text, index) => ({
    parts: [{ text }],
    tokens: fractionalTokens(text) + (index === 0 ? hidden : 0),
  }));
  const calls = callParts(sample, request, answer).map((part) => ({
    parts: [part],
    tokens: fractionalTokens(JSON.stringify(part)),
  }));
  return [...thoughts, ...texts, ...calls];
}

function modelInfo(id: string): Json {
  return {
    name: `models/${id}`,
    version: "simulated",
    displayName: `${id} (simulated)`,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ["generateContent", "countTokens", "streamGenerateContent"],
  };
}
