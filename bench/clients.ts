// The same work done by modelwright and by the official SDKs as they come.
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { ModelFactory } from "modelwright";
import OpenAI from "openai";

export interface Client {
  call(): Promise<string>;
  /** Reads a whole stream and gives its number of text deltas. */
  stream(): Promise<number>;
}

export interface Pair {
  readonly wire: string;
  readonly ours: Client;
  readonly sdk: Client;
}

const PROMPT = "Say token three hundred times.";

export function pairs(origin: string): { readonly pairs: readonly Pair[]; close(): Promise<void> } {
  const factory = ModelFactory.parse(`
    [models.openai]
    name = "gpt-4o-mini"
    provider = "openai"
    base_url = "${origin}/v1"
    [models.anthropic]
    name = "claude-haiku-4-5"
    provider = "anthropic"
    base_url = "${origin}"
    max_new_tokens = 1000
    [models.google]
    name = "gemini-2.5-flash"
    provider = "google"
    base_url = "${origin}"
    [defaults]
    api_key = "bench"
    repeated_chunk_limit = 100000
  `);
  return {
    pairs: [
      { wire: "openai", ours: oursOf(factory, "openai"), sdk: openaiSdk(origin) },
      { wire: "anthropic", ours: oursOf(factory, "anthropic"), sdk: anthropicSdk(origin) },
      { wire: "google", ours: oursOf(factory, "google"), sdk: googleSdk(origin) },
    ],
    close: () => factory.close(),
  };
}

function oursOf(factory: ReturnType<typeof ModelFactory.parse>, name: string): Client {
  const model = factory.get(name);
  return {
    call: async () => (await model.codegen(PROMPT)).text,
    async stream() {
      let deltas = 0;
      for await (const event of model.stream(PROMPT)) if (event.type === "text-delta") deltas++;
      return deltas;
    },
  };
}

function openaiSdk(origin: string): Client {
  const client = new OpenAI({ apiKey: "bench", baseURL: `${origin}/v1`, maxRetries: 0 });
  const body = { model: "gpt-4o-mini", messages: [{ role: "user" as const, content: PROMPT }] };
  return {
    call: async () => (await client.chat.completions.create(body)).choices[0]?.message.content ?? "",
    async stream() {
      let deltas = 0;
      for await (const chunk of await client.chat.completions.create({
        ...body,
        stream: true,
        stream_options: { include_usage: true },
      }))
        if (chunk.choices[0]?.delta.content) deltas++;
      return deltas;
    },
  };
}

function anthropicSdk(origin: string): Client {
  const client = new Anthropic({ apiKey: "bench", baseURL: origin, maxRetries: 0 });
  const body = { model: "claude-haiku-4-5", max_tokens: 1000, messages: [{ role: "user" as const, content: PROMPT }] };
  return {
    async call() {
      const [block] = (await client.messages.create(body)).content;
      return block?.type === "text" ? block.text : "";
    },
    async stream() {
      let deltas = 0;
      for await (const event of await client.messages.create({ ...body, stream: true }))
        if (event.type === "content_block_delta") deltas++;
      return deltas;
    },
  };
}

function googleSdk(origin: string): Client {
  const client = new GoogleGenAI({ apiKey: "bench", httpOptions: { baseUrl: origin, apiVersion: "v1beta" } });
  const body = { model: "gemini-2.5-flash", contents: PROMPT };
  return {
    call: async () => (await client.models.generateContent(body)).text ?? "",
    async stream() {
      let deltas = 0;
      for await (const chunk of await client.models.generateContentStream(body)) if (chunk.text) deltas++;
      return deltas;
    },
  };
}
