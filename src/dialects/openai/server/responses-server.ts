import type { WireServer } from "../../served/wire-server.ts";
import { isResponsesSignature } from "../responses-signature.ts";
import { openaiServer } from "./openai-server.ts";
import { responsesAnswer } from "./responses-answer.ts";

/** POST …/responses and …/responses/input_tokens. */
export const responsesServer: WireServer = {
  ...openaiServer,
  name: "openai-responses",
  answer: responsesAnswer,
  readsState: isResponsesSignature,
  answerId: (unique) => `resp_${unique}`,
};
