import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import type { Wire } from "../harness/wires.ts";

/** A stock SDK, and how its users write the same few things. */
export interface Client {
  text(model: string, prompt: string): Promise<Said>;
  stream(model: string, prompt: string, signal?: AbortSignal): AsyncIterable<string>;
  /** Two tools, called at once; then their results. */
  tools(model: string): Promise<ToolLoop>;
  object(model: string): Promise<unknown>;
  image(model: string): Promise<Said>;
  models(): Promise<readonly string[]>;
}

export interface Said {
  readonly text: string;
  /** As the response names it. */
  readonly model: string | undefined;
  readonly id: string | undefined;
  readonly input: number | undefined;
}

export interface ToolLoop {
  readonly calls: readonly { readonly name: string; readonly city: unknown }[];
  readonly answer: string;
}

const TOOLS_PROMPT = "Call weather and time for Oslo.";
const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer", minimum: 18, maximum: 99 } },
  required: ["name", "age"],
  additionalProperties: false,
};
const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const NAMES = ["weather", "time"];

/** A 1x1 picture. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export function openaiAt(url: string): OpenAI {
  return new OpenAI({ apiKey: "unused", baseURL: `${url}/v1`, maxRetries: 0 });
}

export function anthropicAt(url: string): Anthropic {
  return new Anthropic({ apiKey: "unused", baseURL: url, maxRetries: 0, openTelemetry: false });
}

export function googleAt(url: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey: "unused", httpOptions: { baseUrl: url, apiVersion: "v1beta" } });
}

export function clientsAt(url: string): Readonly<Record<Wire, Client>> {
  return {
    openai: chatClient(openaiAt(url)),
    "openai-responses": responsesClient(openaiAt(url)),
    anthropic: messagesClient(anthropicAt(url)),
    google: geminiClient(googleAt(url)),
  };
}

function chatClient(openai: OpenAI): Client {
  const said = ({ choices, model, id, usage }: OpenAI.ChatCompletion): Said => ({
    text: choices[0]?.message.content ?? "",
    ...{ model, id, input: usage?.prompt_tokens },
  });
  const create = (model: string, content: OpenAI.ChatCompletionUserMessageParam["content"]) =>
    openai.chat.completions.create({ model, messages: [{ role: "user", content }] });
  return {
    text: async (model, prompt) => said(await create(model, prompt)),
    async *stream(model, content, signal) {
      const options = signal && { signal };
      const request = { model, messages: [{ role: "user" as const, content }], stream: true as const };
      for await (const chunk of await openai.chat.completions.create(request, options))
        yield chunk.choices[0]?.delta.content ?? "";
    },
    async tools(model) {
      const tools = NAMES.map((name) => ({ type: "function" as const, function: { name, parameters: CITY } }));
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: TOOLS_PROMPT }];
      const first = await openai.chat.completions.create({ model, messages, tools });
      const message = first.choices[0]?.message as OpenAI.ChatCompletionMessage;
      const calls = (message.tool_calls ?? []).flatMap((call) => (call.type === "function" ? [call] : []));
      messages.push(message);
      for (const {
        id,
        function: { name },
      } of calls)
        messages.push({ role: "tool", tool_call_id: id, content: `result of ${name}` });
      const last = await openai.chat.completions.create({ model, messages, tools });
      return {
        calls: calls.map(({ function: { name, arguments: json } }) => ({ name, city: JSON.parse(json).city })),
        answer: said(last).text,
      };
    },
    async object(model) {
      const completion = await openai.chat.completions.create({
        ...{ model, messages: [{ role: "user", content: "A person, as JSON." }] },
        response_format: { type: "json_schema", json_schema: { name: "person", schema: PERSON, strict: true } },
      });
      return JSON.parse(said(completion).text);
    },
    image: async (model) =>
      said(
        await create(model, [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
        ]),
      ),
    models: async () => (await openai.models.list()).data.map(({ id }) => id),
  };
}

function responsesClient(openai: OpenAI): Client {
  const said = ({ output_text, model, id, usage }: OpenAI.Responses.Response): Said => ({
    ...{ text: output_text, model, id, input: usage?.input_tokens },
  });
  const create = (model: string, input: string | OpenAI.Responses.ResponseInput) =>
    openai.responses.create({ model, input });
  return {
    text: async (model, prompt) => said(await create(model, prompt)),
    async *stream(model, input, signal) {
      const options = signal && { signal };
      for await (const event of await openai.responses.create({ model, input, stream: true }, options))
        if (event.type === "response.output_text.delta") yield event.delta;
    },
    async tools(model) {
      const tools = NAMES.map((name) => ({ type: "function" as const, name, parameters: CITY, strict: true }));
      const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: TOOLS_PROMPT }];
      const first = await openai.responses.create({ model, input, tools });
      const calls = first.output.flatMap((item) => (item.type === "function_call" ? [item] : []));
      input.push(...(first.output as OpenAI.Responses.ResponseInput));
      for (const { call_id, name } of calls)
        input.push({ type: "function_call_output", call_id, output: `result of ${name}` });
      const last = await openai.responses.create({ model, input, tools });
      return {
        calls: calls.map(({ name, arguments: json }) => ({ name, city: JSON.parse(json).city })),
        answer: last.output_text,
      };
    },
    async object(model) {
      const response = await openai.responses.create({
        ...{ model, input: "A person, as JSON." },
        text: { format: { type: "json_schema", name: "person", schema: PERSON, strict: true } },
      });
      return JSON.parse(response.output_text);
    },
    image: async (model) =>
      said(
        await create(model, [
          {
            role: "user",
            content: [
              { type: "input_text", text: "What is this?" },
              { type: "input_image", image_url: `data:image/png;base64,${PIXEL}`, detail: "auto" },
            ],
          },
        ]),
      ),
    models: async () => (await openai.models.list()).data.map(({ id }) => id),
  };
}

function messagesClient(anthropic: Anthropic): Client {
  const textIn = (content: readonly Anthropic.ContentBlock[]) =>
    content.map((block) => (block.type === "text" ? block.text : "")).join("");
  const said = ({ content, model, id, usage }: Anthropic.Message): Said => ({
    ...{ text: textIn(content), model, id, input: usage.input_tokens },
  });
  const create = (model: string, content: Anthropic.MessageParam["content"]) =>
    anthropic.messages.create({ model, max_tokens: 500, messages: [{ role: "user", content }] });
  return {
    text: async (model, prompt) => said(await create(model, prompt)),
    async *stream(model, content, signal) {
      const options = signal && { signal };
      const request = { model, max_tokens: 500, messages: [{ role: "user" as const, content }], stream: true as const };
      for await (const event of await anthropic.messages.create(request, options))
        if (event.type === "content_block_delta" && event.delta.type === "text_delta") yield event.delta.text;
    },
    async tools(model) {
      const tools = NAMES.map((name) => ({ name, input_schema: CITY as Anthropic.Tool.InputSchema }));
      const messages: Anthropic.MessageParam[] = [{ role: "user", content: TOOLS_PROMPT }];
      const first = await anthropic.messages.create({ model, max_tokens: 500, messages, tools });
      const calls = first.content.flatMap((block) => (block.type === "tool_use" ? [block] : []));
      messages.push({ role: "assistant", content: first.content });
      const results = calls.map(({ id, name }) => ({
        ...{ type: "tool_result" as const, tool_use_id: id, content: `result of ${name}` },
      }));
      messages.push({ role: "user", content: results });
      const last = await anthropic.messages.create({ model, max_tokens: 500, messages, tools });
      return {
        calls: calls.map(({ name, input }) => ({ name, city: (input as { city: unknown }).city })),
        answer: textIn(last.content),
      };
    },
    async object(model) {
      const message = await anthropic.messages.create({
        ...{ model, max_tokens: 500, messages: [{ role: "user", content: "A person, as JSON." }] },
        output_config: { format: { type: "json_schema", schema: PERSON } },
      });
      return JSON.parse(textIn(message.content));
    },
    image: async (model) =>
      said(
        await create(model, [
          { type: "text", text: "What is this?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
        ]),
      ),
    models: async () => (await anthropic.models.list()).data.map(({ id }) => id),
  };
}

function geminiClient(google: GoogleGenAI): Client {
  type Answer = Awaited<ReturnType<GoogleGenAI["models"]["generateContent"]>>;
  const said = ({ text = "", modelVersion, responseId, usageMetadata }: Answer): Said => ({
    ...{ text, model: modelVersion, id: responseId, input: usageMetadata?.promptTokenCount },
  });
  return {
    text: async (model, prompt) => said(await google.models.generateContent({ model, contents: prompt })),
    async *stream(model, contents, signal) {
      const config = signal === undefined ? {} : { abortSignal: signal };
      for await (const chunk of await google.models.generateContentStream({ model, contents, config }))
        yield chunk.text ?? "";
    },
    async tools(model) {
      const functionDeclarations = NAMES.map((name) => ({ name, parametersJsonSchema: CITY }));
      const config = { tools: [{ functionDeclarations }] };
      const contents: object[] = [{ role: "user", parts: [{ text: TOOLS_PROMPT }] }];
      const first = await google.models.generateContent({ model, contents, config });
      const calls = first.functionCalls ?? [];
      contents.push(first.candidates?.[0]?.content as object);
      const parts = calls.map(({ id, name }) => ({
        functionResponse: { ...(id !== undefined && { id }), name, response: { output: `result of ${name}` } },
      }));
      contents.push({ role: "user", parts });
      const last = await google.models.generateContent({ model, contents, config });
      return { calls: calls.map(({ name = "", args }) => ({ name, city: args?.city })), answer: last.text ?? "" };
    },
    async object(model) {
      const config = { responseMimeType: "application/json", responseJsonSchema: PERSON };
      return JSON.parse(
        (await google.models.generateContent({ model, contents: "A person, as JSON.", config })).text ?? "",
      );
    },
    image: async (model) =>
      said(
        await google.models.generateContent({
          model,
          contents: [
            {
              role: "user",
              parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: PIXEL } }],
            },
          ],
        }),
      ),
    async models() {
      const names: string[] = [];
      for await (const { name = "" } of await google.models.list()) names.push(name.replace(/^models\//, ""));
      return names;
    },
  };
}
