// The official SDKs with their defaults, but without retries.
import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import type { Client } from "./client.ts";
import { MAX_TOKENS, MODEL_NAMES, type Scenario, SYSTEM, type Wire } from "./scenarios.ts";

export const sdkOf = (wire: Wire, origin: string, scenario: Scenario): Promise<Client> => SDKS[wire](origin, scenario);

/** Imports from the root node_modules, as modelwright does: bare names would resolve to versions installed by peers. */
async function ofRoot<T>(file: string): Promise<T> {
  return (await import(new URL(`../node_modules/${file}`, import.meta.url).href)) as T;
}

const SDKS: Readonly<Record<Wire, (origin: string, scenario: Scenario) => Promise<Client>>> = {
  async openai(origin, { messages, tools }) {
    const { OpenAI } = await ofRoot<typeof import("openai")>("openai/index.mjs");
    const client = new OpenAI({ apiKey: "bench", baseURL: `${origin}/v1`, maxRetries: 0 });
    const body: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model: MODEL_NAMES.openai,
      messages: [{ role: "system", content: SYSTEM }, ...messages],
      max_completion_tokens: MAX_TOKENS,
      ...(tools && {
        tools: tools.map(({ name, description = "", parameters }) => {
          return { type: "function" as const, function: { name, description, parameters: { ...parameters } } };
        }),
      }),
    };
    return {
      call: async () => (await client.chat.completions.create(body)).choices[0]?.message.content?.length,
      async stream() {
        let length = 0;
        const options = { stream: true as const, stream_options: { include_usage: true } };
        for await (const chunk of await client.chat.completions.create({ ...body, ...options }))
          length += chunk.choices[0]?.delta.content?.length ?? 0;
        return length;
      },
    };
  },

  async anthropic(origin, { messages, tools }) {
    const { Anthropic } = await ofRoot<typeof import("@anthropic-ai/sdk")>("@anthropic-ai/sdk/index.mjs");
    const client = new Anthropic({ apiKey: "bench", baseURL: origin, maxRetries: 0 });
    const body: Anthropic.MessageCreateParamsNonStreaming = {
      model: MODEL_NAMES.anthropic,
      max_tokens: MAX_TOKENS,
      system: SYSTEM,
      messages: [...messages],
      ...(tools && {
        tools: tools.map(({ name, description = "", parameters }) => {
          return { name, description, input_schema: { ...parameters, type: "object" as const } };
        }),
      }),
    };
    return {
      async call() {
        const [block] = (await client.messages.create(body)).content;
        return block?.type === "text" ? block.text.length : undefined;
      },
      async stream() {
        let length = 0;
        for await (const event of await client.messages.create({ ...body, stream: true }))
          if (event.type === "content_block_delta" && event.delta.type === "text_delta")
            length += event.delta.text.length;
        return length;
      },
    };
  },

  async google(origin, { messages, tools }) {
    const { GoogleGenAI } = await ofRoot<typeof import("@google/genai")>("@google/genai/dist/node/index.mjs");
    const client = new GoogleGenAI({ apiKey: "bench", httpOptions: { baseUrl: origin } });
    const request = {
      model: MODEL_NAMES.google,
      contents: messages.map(({ role, content }) => {
        return { role: role === "user" ? "user" : "model", parts: [{ text: content }] };
      }),
      config: {
        systemInstruction: SYSTEM,
        maxOutputTokens: MAX_TOKENS,
        ...(tools && {
          tools: [
            {
              functionDeclarations: tools.map(({ name, description = "", parameters }) => {
                return { name, description, parametersJsonSchema: parameters };
              }),
            },
          ],
        }),
      },
    };
    return {
      call: async () => (await client.models.generateContent(request)).text?.length,
      async stream() {
        let length = 0;
        for await (const chunk of await client.models.generateContentStream(request)) length += chunk.text?.length ?? 0;
        return length;
      },
    };
  },
};
