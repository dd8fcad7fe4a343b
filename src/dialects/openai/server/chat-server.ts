import { isChatSignature } from "../../chat-signature.ts";
import type { WireServer } from "../../served/wire-server.ts";
import { chatAnswer } from "./chat-answer.ts";
import { openaiServer } from "./openai-server.ts";

/** POST …/chat/completions. */
export const chatServer: WireServer = {
  ...openaiServer,
  name: "openai",
  answer: chatAnswer,
  readsState: isChatSignature,
  dropsReasoning: true,
  callState: (state) => JSON.stringify({ extra_content: { modelwright: { state } } }),
  answerId: (unique) => `chatcmpl-${unique}`,
};
