import type { FlowEvent, TokenLogprob } from "../../../core/event.ts";
import type { Answer } from "../../served/answer.ts";
import { type AnswerStyle, eventsOf, reasoningEvents } from "../../served/answer-events.ts";
import { writeAll } from "../../served/answer-writer.ts";
import { idOf } from "../../served/hash.ts";
import { asNumber } from "../../served/json.ts";
import { traitsOf } from "../../served/model-traits.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { tokenTexts } from "../../served/tokens.ts";
import type { SimulatedServer } from "../../served/wire-server.ts";
import { CREATED_S } from "../../server-wire.ts";
import { type ChatHead, chatAnswer } from "./chat-answer.ts";
import { chatServer } from "./chat-server.ts";
import { callId, openaiHeaders, SERVICE_TIER } from "./openai-server.ts";
import { readChat } from "./read-chat-request.ts";
import { openaiProblem } from "./write-error.ts";

/** POST …/chat/completions. */
export const openaiChat: SimulatedServer = {
  ...chatServer,
  ...openaiHeaders,
  read: readChat,
  body: (request, answer) => chatAnswer.body(headOf(request, answer), chatEvents(request, answer)),
  events: (request, answer) => writeAll(chatAnswer.stream(headOf(request, answer)), chatEvents(request, answer)),
  problemEvents: (problem) => [{ data: openaiProblem(problem).body }],
};

function headOf(request: SimulatedRequest, answer: Answer): ChatHead {
  const { reasoningField } = traitsOf(request.model);
  return {
    id: idOf("chatcmpl-", answer.fingerprint),
    model: request.model,
    createdS: CREATED_S,
    body: request.body,
    fingerprint: "fp_simulated",
    ...(reasoningField !== undefined && { reasoningField }),
  };
}

function chatEvents(request: SimulatedRequest, answer: Answer) {
  const shown = traitsOf(request.model).reasoningField !== undefined;
  const style: AnswerStyle = {
    callId: (sample, position) => callId(answer.fingerprint, sample.index, position),
    // Only hosts that show the reasoning of their models have a field for it.
    reasoning: ({ reasoning, index }) => (shown ? reasoningEvents(reasoning, index) : []),
  };
  return withLogprobs(eventsOf(answer, style, SERVICE_TIER), request);
}

function withLogprobs(events: readonly FlowEvent[], { body }: SimulatedRequest): readonly FlowEvent[] {
  if (body.logprobs !== true) return events;
  const alternatives = asNumber(body.top_logprobs) ?? 0;
  return events.flatMap((event): readonly FlowEvent[] => {
    if (event.type !== "text-delta") return [event];
    return [{ type: "logprobs", tokens: logprobsOf(event.text, alternatives), sample: event.sample }, event];
  });
}

function logprobsOf(text: string, alternatives: number): readonly TokenLogprob[] {
  const entry = (token: string, rank: number) => ({ token, logprob: -0.01 - rank, bytes: [...Buffer.from(token)] });
  return tokenTexts(text).map((token) => ({
    ...entry(token, 0),
    top_logprobs: Array.from({ length: alternatives }, (_, rank) =>
      entry(rank === 0 ? token : `${token}~${rank}`, rank),
    ),
  }));
}
