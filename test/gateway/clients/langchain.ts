import { ContextOverflowError } from "@langchain/core/errors";
import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  type ToolMessage,
  type UsageMetadata,
} from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { concat } from "@langchain/core/utils/stream";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import OpenAI from "openai";
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
  type ToolName,
} from "./client.ts";

const LOOKS: Looks = {
  "rate limit": { is: OpenAI.RateLimitError, has: { lc_error_code: "MODEL_RATE_LIMIT" } },
  "context overflow": { is: ContextOverflowError, has: { name: "ContextOverflowError" } },
  "invalid key": { is: OpenAI.AuthenticationError, has: { lc_error_code: "MODEL_AUTHENTICATION" } },
  "exhausted budget": { is: OpenAI.RateLimitError, has: { code: "insufficient_quota" } },
};

export const langchainRows: readonly ClientRow[] = [
  {
    ...{ name: "@langchain/openai, chat", wire: "openai", looks: LOOKS, returns: [] },
    at: (url) => client(url, false),
  },
  {
    ...{ name: "@langchain/openai, responses", wire: "openai-responses", looks: LOOKS, returns: ["anthropic"] },
    at: (url) => client(url, true),
  },
];

const TOOLS = TOOL_NAMES.map((name) =>
  tool((input) => runTool(name, input as { city: unknown }), { name, description: name, schema: CITY }),
);

function client(url: string, useResponsesApi: boolean): Client {
  const configuration = { baseURL: `${url}/v1` };
  const chat = (model: string) =>
    new ChatOpenAI({ model, apiKey: "unused", maxRetries: 0, useResponsesApi, configuration });
  return {
    async text(model, prompt) {
      const { text, id, response_metadata, usage_metadata } = await chat(model).invoke(prompt);
      const usage = usage_metadata as UsageMetadata | undefined;
      return { text, model: String(response_metadata["model_name"]), id, input: usage?.input_tokens };
    },
    async *stream(model, prompt, signal) {
      for await (const chunk of await chat(model).stream(prompt, signal && { signal })) yield chunk.text;
    },
    async loop(model, streamed) {
      const llm = chat(model).bindTools(TOOLS);
      const messages: BaseMessage[] = [new HumanMessage(LOOP_PROMPT)];
      for (;;) {
        const answer = streamed ? await joined(await llm.stream(messages)) : await llm.invoke(messages);
        if (answer.tool_calls === undefined || answer.tool_calls.length === 0) return answer.text;
        messages.push(answer);
        for (const call of answer.tool_calls) {
          const called = TOOLS[TOOL_NAMES.indexOf(call.name as ToolName)];
          messages.push((await called?.invoke(call)) as ToolMessage);
        }
      }
    },
    object: (model) =>
      chat(model).withStructuredOutput(PERSON, { method: "jsonSchema", name: "person" }).invoke(PERSON_PROMPT),
    async image(model) {
      const content = [
        { type: "text" as const, text: IMAGE_PROMPT },
        { type: "image_url" as const, image_url: { url: `data:image/png;base64,${PIXEL}` } },
      ];
      return (await chat(model).invoke([new HumanMessage({ content })])).text;
    },
    embed: (model, texts) =>
      new OpenAIEmbeddings({ model, apiKey: "unused", maxRetries: 0, configuration }).embedDocuments([...texts]),
  };
}

async function joined(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of stream) whole = whole === undefined ? chunk : concat(whole, chunk);
  return whole as AIMessageChunk;
}
