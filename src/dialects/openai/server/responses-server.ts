import type { AnswerHead } from "../../served/answer-writer.ts";
import type { WireServer } from "../../served/wire-server.ts";
import { isResponsesSignature } from "../responses-signature.ts";
import { openaiServer } from "./openai-server.ts";
import { responsesAnswer } from "./responses-answer.ts";

/** POST …/responses and …/responses/input_tokens. */
export const responsesServer: WireServer = {
  ...openaiServer,
  name: "openai-responses",
  answer: {
    stream: (head) => responsesAnswer.stream(unstored(head)),
    body: (head, events) => responsesAnswer.body(unstored(head), events),
  },
  readsState: isResponsesSignature,
  answerId: (unique) => `resp_${unique}`,
};

/** The response says that it is not stored, whatever the request asks for. */
function unstored(head: AnswerHead): AnswerHead {
  return { ...head, body: { ...head.body, store: false } };
}
