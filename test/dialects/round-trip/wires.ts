import type { Adjustment } from "../../../src/core/attempt.ts";
import type { Dialect } from "../../../src/core/dialect.ts";
import type { ModelRequest } from "../../../src/core/request.ts";
import type { Target } from "../../../src/core/target.ts";
import { anthropic } from "../../../src/dialects/anthropic/dialect.ts";
import { encodeMessagesRequest } from "../../../src/dialects/anthropic/encode.ts";
import { readMessagesRequest } from "../../../src/dialects/anthropic/server/messages-request.ts";
import { google } from "../../../src/dialects/google/dialect.ts";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { generateBody } from "../../../src/dialects/google/generate-body.ts";
import { readGenerateRequest } from "../../../src/dialects/google/server/generate-request.ts";
import { encodeChat } from "../../../src/dialects/openai/chat-encode.ts";
import { openaiChat, openaiResponses } from "../../../src/dialects/openai/dialects.ts";
import { encodeResponses } from "../../../src/dialects/openai/responses-encode.ts";
import { readChatRequest } from "../../../src/dialects/openai/server/chat-request.ts";
import { readResponsesRequest } from "../../../src/dialects/openai/server/responses-request.ts";
import type { Json } from "../../../src/dialects/served/json.ts";
import type { ReceivedRequest, ServedRequest } from "../../../src/dialects/served/served-request.ts";
import type { Wire } from "../../harness/wires.ts";
import { targetOf } from "../contract.ts";

/** Both directions of a wire's requests. */
export interface RequestWire {
  readonly dialect: Dialect;
  readonly target: Target;
  /** The body as it leaves. */
  encode(request: ModelRequest): { readonly body: Json; readonly adjustments: readonly Adjustment[] };
  read(received: ReceivedRequest): ServedRequest;
}

const target = (provider: string, dialect: string, facts: Partial<Target["facts"]> = {}) =>
  targetOf({ provider, dialect, facts: { known: true, capabilities: {}, ...facts } });

const chat = {
  ...target("openai", "openai"),
  quirks: { reasoningField: "reasoning_content", promptCacheKey: true },
};
const responses = { ...target("openai", "openai-responses"), quirks: { promptCacheKey: true } };
const messages = target("anthropic", "anthropic", { reasoningWire: "budget" });
const gemini = target("google", "google", { reasoningWire: "level", toolResultMedia: true });

export const REQUEST_WIRES: Readonly<Record<Wire, RequestWire>> = {
  openai: {
    dialect: openaiChat,
    target: chat,
    encode: (request) => bodyOf(encodeChat(request, chat, false)),
    read: readChatRequest,
  },
  "openai-responses": {
    dialect: openaiResponses,
    target: responses,
    encode: (request) => bodyOf(encodeResponses(request, responses, false)),
    read: readResponsesRequest,
  },
  anthropic: {
    dialect: anthropic,
    target: messages,
    encode: (request) => bodyOf(encodeMessagesRequest(request, messages, false)),
    read: readMessagesRequest,
  },
  google: {
    dialect: google,
    target: gemini,
    encode: (request) => {
      const { params, adjustments } = encodeGenerate(request, gemini);
      const { httpOptions, ...config } = params.config ?? {};
      return { body: { ...generateBody({ ...params, config }), ...httpOptions?.extraBody } as Json, adjustments };
    },
    read: (received) => readGenerateRequest({ ...received, model: gemini.modelId }),
  },
};

/** What is sent is JSON. */
function bodyOf({ params, adjustments }: { readonly params: object; readonly adjustments: readonly Adjustment[] }) {
  return { body: JSON.parse(JSON.stringify(params)) as Json, adjustments };
}
