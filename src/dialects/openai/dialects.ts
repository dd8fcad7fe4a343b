import type { Dialect } from "../../core/dialect.ts";
import { openWire, type Wire } from "../exchange.ts";
import { listOverWire } from "../model-list.ts";
import { decodeChat } from "./chat-decode.ts";
import { CHAT_SETTINGS, type ChatParams, encodeChat } from "./chat-encode.ts";
import { chatClient, clients, countClient, listClient, responsesClient } from "./client.ts";
import { countPromptTokens } from "./count-tokens.ts";
import { openaiList } from "./list-models.ts";
import { chatRefusal, responsesRefusal } from "./media.ts";
import { decodeResponses } from "./responses-decode.ts";
import { encodeResponses, RESPONSES_SETTINGS, type ResponsesParams } from "./responses-encode.ts";

const chat: Wire<ChatParams> = { encode: encodeChat, client: chatClient, decoder: decodeChat };
const responses: Wire<ResponsesParams> = { encode: encodeResponses, client: responsesClient, decoder: decodeResponses };

/** Chat completions: OpenAI, Azure, and compatible hosts. */
export const openaiChat: Dialect = {
  name: "openai",
  settings: CHAT_SETTINGS,
  manySamples: true,
  mediaRefusal: chatRefusal,
  load: () => clients.load(),
  open: (call) => openWire(call, chat),
  countTokens: (operation) => countPromptTokens(operation, countClient),
  listModels: (operation) => listOverWire(operation, listClient, openaiList),
};

/** The Responses API, without state on the server. */
export const openaiResponses: Dialect = {
  name: "openai-responses",
  settings: RESPONSES_SETTINGS,
  manySamples: false,
  mediaRefusal: responsesRefusal,
  load: () => clients.load(),
  open: (call) => openWire(call, responses),
  countTokens: (operation) => countPromptTokens(operation, countClient),
  listModels: (operation) => listOverWire(operation, listClient, openaiList),
};
