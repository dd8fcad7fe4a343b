import type { FlowEvent } from "../../../core/event.ts";
import type { Answer, Sample } from "../../served/answer.ts";
import { type AnswerStyle, eventsOf, reasoningEvents } from "../../served/answer-events.ts";
import { type AnswerHead, writeAll } from "../../served/answer-writer.ts";
import { idOf } from "../../served/hash.ts";
import { asArray, asObject } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal } from "../../served/signature.ts";
import type { SimulatedServer } from "../../served/wire-server.ts";
import { CREATED_S, type WireEvent } from "../../server-wire.ts";
import { callId, openaiHeaders, SERVICE_TIER } from "./openai-server.ts";
import { readResponses } from "./read-responses-request.ts";
import { itemId, responsesAnswer } from "./responses-answer.ts";
import { failureEvents } from "./responses-failure.ts";
import { responsesServer } from "./responses-server.ts";

/** POST …/responses and …/responses/input_tokens. */
export const openaiResponses: SimulatedServer = {
  ...responsesServer,
  ...openaiHeaders,
  read: readResponses,
  body: (request, answer) => responsesAnswer.body(headOf(request, answer), responseEvents(request, answer)),
  events: (request, answer) =>
    writeAll(responsesAnswer.stream(headOf(request, answer)), responseEvents(request, answer)),
  problemEvents,
};

function headOf({ model, body }: SimulatedRequest, answer: Answer): AnswerHead {
  return { id: responseId(answer), model, createdS: CREATED_S, body };
}

function responseId({ fingerprint }: Answer): string {
  return idOf("resp_", fingerprint);
}

function responseEvents(request: SimulatedRequest, answer: Answer): readonly FlowEvent[] {
  const style: AnswerStyle = {
    callId: (sample, position) => callId(answer.fingerprint, sample.index, position),
    reasoning: (sample) => (sample.reasoning === "" ? [] : reasoningItem(sample, request, answer)),
  };
  return eventsOf(answer, style, SERVICE_TIER);
}

/** The reasoning item is present even if its text is hidden. It is encrypted if the request asks for that. */
function reasoningItem({ reasoning, index }: Sample, request: SimulatedRequest, answer: Answer): readonly FlowEvent[] {
  const sealed = asArray(request.body.include).includes("reasoning.encrypted_content");
  const shown = request.reasoning?.visible === true ? reasoning : "";
  // It is the first item.
  const id = itemId("rs_", responseId(answer), 0);
  const summary = shown === "" ? [] : [{ type: "summary_text", text: shown }];
  const item = { id, summary, ...(sealed && { encrypted_content: seal("reasoning", reasoning) }) };
  return reasoningEvents(shown, index, JSON.stringify(item));
}

function problemEvents(problem: Problem, _requestId: string, sent: readonly WireEvent[]): readonly WireEvent[] {
  return failureEvents(problem, sent.length, asObject(asObject(sent[0]?.data)?.response));
}
