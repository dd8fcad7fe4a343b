import type { FlowEvent } from "../../../core/event.ts";
import type { Usage } from "../../../core/usage.ts";
import type { Answer, Sample, SampleCall } from "../../served/answer.ts";
import { type AnswerStyle, isComplete, reasoningEvents, sampleEvents, usageIn } from "../../served/answer-events.ts";
import { type AnswerHead, writeAll } from "../../served/answer-writer.ts";
import { idOf } from "../../served/hash.ts";
import type { Json } from "../../served/json.ts";
import { traitsOf } from "../../served/model-traits.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal, sign } from "../../served/signature.ts";
import { fractionalTokens } from "../../served/tokens.ts";
import type { SimulatedServer } from "../../served/wire-server.ts";
import { CREATED_S } from "../../server-wire.ts";
import { signedCall } from "./check-request.ts";
import { generateAnswer } from "./generate-answer.ts";
import { generateServer } from "./generate-server.ts";
import { readGenerate } from "./read-request.ts";
import { googleProblem } from "./write-error.ts";

/** POST …/models/M:generateContent, :streamGenerateContent and :countTokens. */
export const google: SimulatedServer = {
  ...generateServer,
  read: readGenerate,
  body: (request, answer) =>
    isBlocked(answer)
      ? blocked(request, answer)
      : generateAnswer.body(headOf(request, answer), generated(request, answer)),
  events: (request, answer) =>
    isBlocked(answer)
      ? [{ data: blocked(request, answer) }]
      : writeAll(generateAnswer.stream(headOf(request, answer)), generated(request, answer)),
  problemEvents: (problem) => [{ data: googleProblem(problem).body }],
  // Gemini reports no limits in headers.
  exhausted: () => ({}),
  headers: () => ({ "x-gemini-service-tier": "standard" }),
};

function headOf({ model, body }: SimulatedRequest, { fingerprint }: Answer): AnswerHead {
  return { id: idOf("", fingerprint), model, createdS: CREATED_S, body };
}

/** A filtered answer without text is a blocked prompt: the response has no candidate. */
function isBlocked(answer: Answer): boolean {
  const sample = answer.samples[0];
  return sample?.finish === "content-filter" && sample.text === "";
}

function blocked(request: SimulatedRequest, answer: Answer): Json {
  const { candidates: _, ...frame } = generateAnswer.body(headOf(request, answer), [usageAfter(answer, 0)]);
  return { promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, ...frame };
}

/** The output count of a stream grows with the generated text, including hidden reasoning. */
function generated(request: SimulatedRequest, answer: Answer): readonly FlowEvent[] {
  const style = styleOf(request, answer);
  let produced = 0;
  return answer.samples.flatMap((sample) => {
    const hidden = style.reasoning(sample).length === 0 ? fractionalTokens(sample.reasoning) : 0;
    produced += hidden;
    return sampleEvents(sample, style).flatMap((event): readonly FlowEvent[] => {
      if (event.type === "finish") return [usageAfter(answer, answer.usage.output), event];
      produced += fractionalTokens(textOf(event));
      return [usageAfter(answer, Math.min(answer.usage.output, Math.floor(produced))), event];
    });
  });
}

function textOf(event: FlowEvent): string {
  if (event.type === "tool-call-end") return event.call.name + event.call.json;
  return event.type === "text-delta" || event.type === "reasoning-delta" ? event.text : "";
}

function usageAfter({ usage }: Answer, output: number): { readonly type: "usage"; readonly usage: Usage } {
  const reasoning = Math.min(usage.reasoning, output);
  // Gemini does not report cache writes.
  const reported = { ...usage, cacheWrite5m: 0, cacheWrite1h: 0, output, reasoning };
  return { type: "usage", usage: usageIn(reported) };
}

function styleOf(request: SimulatedRequest, answer: Answer): AnswerStyle {
  const { signsCalls } = traitsOf(request.model);
  return {
    // Calls of older models have no id.
    callId: (sample, position) =>
      signsCalls === true ? idOf("", answer.fingerprint, sample.index, position).slice(0, 8) : "",
    reasoning: ({ reasoning, index }) => (request.reasoning?.visible === true ? reasoningEvents(reasoning, index) : []),
    textSignature: ({ reasoning }) => (reasoning === "" ? undefined : seal("thought", reasoning)),
    callSignature: (sample, call) =>
      (signsCalls === true || sample.reasoning !== "") && isFirst(sample, call) ? signCall(call) : undefined,
  };
}

/** The signature of the first parallel call applies to all of them. */
function isFirst({ calls }: Sample, call: SampleCall): boolean {
  return calls.find(isComplete) === call;
}

function signCall(call: SampleCall): string {
  return sign("call", signedCall({ name: call.name, args: call.arguments }));
}
