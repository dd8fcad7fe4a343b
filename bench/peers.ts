// Other multi-provider libraries, measured with OpenAI chat. They are installed only for a measurement, so TypeScript
// cannot resolve them; the interfaces describe the parts used here.
import type { Client } from "./client.ts";
import { MAX_TOKENS, MODEL_NAMES, type Scenario, SYSTEM } from "./scenarios.ts";

const name = MODEL_NAMES.openai;
const apiKey = "bench";

type Anything = (...args: readonly unknown[]) => unknown;
type Class<T> = new (...args: readonly unknown[]) => T;
type Deltas<T> = AsyncIterable<T>;

async function load<T>(specifier: string): Promise<T> {
  return (await import(specifier)) as T;
}

export interface Peer {
  /** Name on npm. */
  readonly packageName: string;
  connect(baseURL: string, scenario: Scenario): Promise<Client>;
}

interface AiSdk {
  generateText(request: unknown): Promise<{ text: string }>;
  streamText(request: unknown): { textStream: Deltas<string> };
}

const aiSdk: Peer = {
  packageName: "ai",
  async connect(baseURL, { messages }) {
    const { generateText, streamText } = await load<AiSdk>("ai");
    const { createOpenAI } = await load<{ createOpenAI(options: unknown): { chat: Anything } }>("@ai-sdk/openai");
    const model = createOpenAI({ apiKey, baseURL }).chat(name);
    const request = { model, instructions: SYSTEM, messages, maxOutputTokens: MAX_TOKENS };
    return {
      call: async () => (await generateText(request)).text.length,
      stream: () => lengthOf(streamText(request).textStream, (text) => text),
    };
  },
};

interface ChatModel {
  invoke(messages: unknown): Promise<{ text: string }>;
  stream(messages: unknown): Promise<Deltas<{ text: string }>>;
}

const langChain: Peer = {
  packageName: "@langchain/openai",
  async connect(baseURL, { messages }) {
    const { ChatOpenAI } = await load<{ ChatOpenAI: Class<ChatModel> }>("@langchain/openai");
    const model = new ChatOpenAI({
      ...{ apiKey, model: name, maxTokens: MAX_TOKENS, useResponsesApi: false },
      configuration: { baseURL },
    });
    const input = [{ role: "system", content: SYSTEM }, ...messages];
    return {
      call: async () => (await model.invoke(input)).text.length,
      stream: async () => lengthOf(await model.stream(input), ({ text }) => text),
    };
  },
};

interface Completion {
  choices: [{ message: { content: string } }];
}
interface Chunk {
  choices: [{ delta: { content?: string } }?];
}
interface TokenJs {
  chat: {
    completions: {
      create(request: { provider: string; stream: true }): Promise<Deltas<Chunk>>;
      create(request: { provider: string }): Promise<Completion>;
    };
  };
}

const tokenJs: Peer = {
  packageName: "token.js",
  async connect(baseURL, { messages }) {
    const { TokenJS } = await load<{ TokenJS: Class<TokenJs> }>("token.js");
    const { completions } = new TokenJS({ apiKey, baseURL }).chat;
    const input = [{ role: "system", content: SYSTEM }, ...messages];
    // The library deletes fields of the object it receives.
    const request = () => ({ provider: "openai", model: name, messages: input, max_tokens: MAX_TOKENS });
    return {
      call: async () => (await completions.create(request())).choices[0].message.content.length,
      async stream() {
        const chunks = await completions.create({ ...request(), stream: true });
        return lengthOf(chunks, ({ choices: [choice] }) => choice?.delta.content ?? "");
      },
    };
  },
};

interface Ignited {
  complete(thread: unknown, options: unknown): Promise<{ content: string }>;
  generate(thread: unknown, options: unknown): Deltas<{ type: string; text?: string }>;
}

const multiLlm: Peer = {
  packageName: "multi-llm-ts",
  async connect(baseURL, { messages }) {
    interface MultiLlm {
      igniteModel(engine: string, model: unknown, config: unknown): Ignited;
      Message: Class<object>;
    }
    const { igniteModel, Message } = await load<MultiLlm>("multi-llm-ts");
    const capabilities = { tools: false, vision: false, reasoning: false, caching: false };
    const config = { apiKey, baseURL, useOpenAIResponsesApi: false };
    const model = igniteModel("openai", { id: name, name, capabilities }, config);
    const thread = [new Message("system", SYSTEM), ...messages.map(({ role, content }) => new Message(role, content))];
    const options = { maxTokens: MAX_TOKENS, usage: true };
    return {
      call: async () => (await model.complete(thread, options)).content.length,
      stream: () =>
        lengthOf(model.generate(thread, options), ({ type, text = "" }) => (type === "content" ? text : "")),
    };
  },
};

interface PiAi {
  complete(...args: readonly unknown[]): Promise<{ content: { text?: string }[]; errorMessage?: string }>;
  stream(...args: readonly unknown[]): Deltas<{ type: string; delta?: string }>;
}

const piAi: Peer = {
  packageName: "@earendil-works/pi-ai",
  async connect(baseUrl, { messages }) {
    const { complete, stream } = await load<PiAi>("@earendil-works/pi-ai/compat");
    const model = {
      ...{ id: name, name, api: "openai-completions", provider: "openai", baseUrl, reasoning: false, input: ["text"] },
      cost: { input: 2.5, output: 10, cacheRead: 1.25, cacheWrite: 0 },
      ...{ contextWindow: 128_000, maxTokens: 16_384 },
    };
    const context = { systemPrompt: SYSTEM, messages: messages.map((message) => ({ ...message, timestamp: 1 })) };
    const options = { apiKey, maxTokens: MAX_TOKENS };
    return {
      async call() {
        const { content, errorMessage } = await complete(model, context, options);
        if (errorMessage !== undefined) throw new Error(errorMessage);
        return content.reduce((length, { text = "" }) => length + text.length, 0);
      },
      stream: () =>
        lengthOf(stream(model, context, options), ({ type, delta = "" }) => (type === "text_delta" ? delta : "")),
    };
  },
};

async function lengthOf<T>(events: Deltas<T>, textOf: (event: T) => string): Promise<number> {
  let length = 0;
  for await (const event of events) length += textOf(event).length;
  return length;
}

export const PEERS = {
  "AI SDK": aiSdk,
  LangChain: langChain,
  "token.js": tokenJs,
  "multi-llm-ts": multiLlm,
  "pi-ai": piAi,
} satisfies Record<string, Peer>;
export type PeerName = keyof typeof PEERS;
