import type { Dialect } from "../../core/dialect.ts";
import { type EmbeddingWire, embedOverWire } from "../embeddings.ts";
import { openWire, type Wire } from "../exchange.ts";
import { listOverWire } from "../model-list.ts";
import { decodeChat } from "./chat-decode.ts";
import { CHAT_SETTINGS, type ChatParams, encodeChat } from "./chat-encode.ts";
import { chatClient, clients, countClient, embeddingClient, listClient, responsesClient } from "./client.ts";
import { countPromptTokens } from "./count-tokens.ts";
import { decodeEmbedding, type EmbeddingParams, encodeEmbedding } from "./embeddings.ts";
import { openaiList } from "./list-models.ts";
import { chatRefusal, responsesRefusal } from "./media.ts";
import { decodeResponses } from "./responses-decode.ts";
import { encodeResponses, RESPONSES_SETTINGS, type ResponsesParams } from "./responses-encode.ts";

const chat: Wire<ChatParams> = { encode: encodeChat, client: chatClient, decoder: decodeChat };
const responses: Wire<ResponsesParams> = { encode: encodeResponses, client: responsesClient, decoder: decodeResponses };
const embeddings: EmbeddingWire<EmbeddingParams> = {
  encode: encodeEmbedding,
  client: embeddingClient,
  decode: decodeEmbedding,
};

/** Chat completions: OpenAI, Azure, and compatible hosts. */
export const openaiChat: Dialect = {
  name: "openai",
  settings: CHAT_SETTINGS,
  manySamples: true,
  mediaRefusal: chatRefusal,
  load: () => clients.load(),
  open: (call) => openWire(call, chat),
  embed: (call) => embedOverWire(call, embeddings),
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
  embed: (call) => embedOverWire(call, embeddings),
  countTokens: (operation) => countPromptTokens(operation, countClient),
  listModels: (operation) => listOverWire(operation, listClient, openaiList),
};
