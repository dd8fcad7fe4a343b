import type { WireServer } from "../../served/wire-server.ts";
import { openaiServer } from "./openai-server.ts";
import { responsesAnswer } from "./responses-answer.ts";
import { readResponsesRequest } from "./responses-request.ts";

/** POST …/responses and …/responses/input_tokens. */
export const responsesServer: WireServer = {
  ...openaiServer,
  name: "openai-responses",
  readRequest: readResponsesRequest,
  answer: responsesAnswer,
  answerId: (unique) => `resp_${unique}`,
};
