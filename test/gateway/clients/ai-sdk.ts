import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  type EmbeddingModel,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  Output,
  streamText,
  tool,
} from "ai";
import { expect } from "vitest";
import {
  CITY,
  type Client,
  type ClientRow,
  IMAGE_PROMPT,
  LOOP_PROMPT,
  type Looks,
  PERSON,
  PERSON_PROMPT,
  PIXEL,
  runTool,
  TOOL_NAMES,
} from "./client.ts";

// The AI SDK prints warnings otherwise.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

interface Provider {
  readonly model: (name: string) => Exclude<LanguageModel, string>;
  readonly embeddings?: (name: string) => Exclude<EmbeddingModel, string>;
}

const openai = (url: string) => createOpenAI({ baseURL: `${url}/v1`, apiKey: "unused" });

function compatible(url: string): Provider {
  const provider = createOpenAICompatible({
    ...{ name: "modelwright", baseURL: `${url}/v1`, apiKey: "unused" },
    ...{ includeUsage: true, supportsStructuredOutputs: true },
  });
  return { model: (name) => provider(name), embeddings: (name) => provider.embeddingModel(name) };
}

function google(url: string): Provider {
  const provider = createGoogle({ baseURL: `${url}/v1beta`, apiKey: "unused" });
  return { model: (name) => provider(name), embeddings: (name) => provider.embeddingModel(name) };
}

const failed = (statusCode: number, isRetryable: boolean, error: object) => ({
  ...{ is: APICallError, has: { statusCode, isRetryable, data: { error } } },
});

const OPENAI: Looks = {
  "rate limit": failed(429, true, { code: "rate_limit_exceeded" }),
  "context overflow": failed(400, false, { code: "context_length_exceeded" }),
  "invalid key": failed(401, false, { code: "invalid_api_key" }),
  "exhausted budget": failed(429, true, { code: "insufficient_quota" }),
};

const ANTHROPIC: Looks = {
  "rate limit": failed(429, true, { type: "rate_limit_error" }),
  "context overflow": failed(400, false, { message: expect.stringContaining("prompt is too long: ") }),
  "invalid key": failed(401, false, { type: "authentication_error" }),
  "exhausted budget": failed(402, false, { type: "billing_error" }),
};

const GOOGLE: Looks = {
  "rate limit": failed(429, true, { status: "RESOURCE_EXHAUSTED" }),
  "context overflow": failed(400, false, { message: expect.stringContaining("exceeds the maximum number of tokens") }),
  "invalid key": failed(401, false, { status: "UNAUTHENTICATED" }),
  "exhausted budget": failed(429, true, { status: "RESOURCE_EXHAUSTED" }),
};

export const aiSdkRows: readonly ClientRow[] = [
  {
    ...{ name: "@ai-sdk/openai, chat", wire: "openai", looks: OPENAI, returns: [] },
    at: (url) => client({ model: (name) => openai(url).chat(name), embeddings: (name) => openai(url).embedding(name) }),
  },
  {
    ...{ name: "@ai-sdk/openai, responses", wire: "openai-responses", looks: OPENAI, returns: ["anthropic"] },
    at: (url) => client({ model: (name) => openai(url).responses(name) }),
  },
  {
    ...{ name: "@ai-sdk/openai-compatible", wire: "openai", looks: OPENAI, returns: [] },
    at: (url) => client(compatible(url)),
  },
  {
    ...{ name: "@ai-sdk/anthropic", wire: "anthropic", looks: ANTHROPIC, returns: ["openai-responses"] },
    at: (url) => client({ model: createAnthropic({ baseURL: `${url}/v1`, apiKey: "unused" }) }),
  },
  {
    ...{ name: "@ai-sdk/google", wire: "google", looks: GOOGLE, returns: ["anthropic", "openai-responses"] },
    at: (url) => client(google(url)),
  },
];

function client({ model: modelOf, embeddings }: Provider): Client {
  const tools = Object.fromEntries(
    TOOL_NAMES.map((name) => [
      name,
      tool({ inputSchema: jsonSchema<{ city: string }>(CITY as object), execute: (input) => runTool(name, input) }),
    ]),
  );
  const asked = (name: string) => ({ model: modelOf(name), maxRetries: 0 });
  return {
    async text(model, prompt) {
      const { text, response, usage } = await generateText({ ...asked(model), prompt });
      return { text, model: response.modelId, id: response.id, input: usage.inputTokens };
    },
    async *stream(model, prompt, signal) {
      const request = { ...asked(model), prompt, ...(signal && { abortSignal: signal }), onError: () => {} };
      for await (const part of streamText(request).stream) {
        if (part.type === "error") throw part.error;
        if (part.type === "text-delta") yield part.text;
      }
    },
    async loop(model, streamed) {
      const request = { ...asked(model), prompt: LOOP_PROMPT, tools, stopWhen: isStepCount(9) };
      return streamed ? streamText(request).text : (await generateText(request)).text;
    },
    async object(model) {
      const output = Output.object({ schema: jsonSchema(PERSON as object) });
      return (await generateText({ ...asked(model), prompt: PERSON_PROMPT, output })).output;
    },
    async image(model) {
      const content = [
        { type: "text" as const, text: IMAGE_PROMPT },
        { type: "file" as const, data: PIXEL, mediaType: "image/png" },
      ];
      return (await generateText({ ...asked(model), messages: [{ role: "user", content }] })).text;
    },
    ...(embeddings && {
      embed: async (model, values) => (await embedMany({ model: embeddings(model), values: [...values] })).embeddings,
    }),
  };
}
