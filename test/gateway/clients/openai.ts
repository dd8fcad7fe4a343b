import OpenAI from "openai";
import OpenAI6 from "openai-6";
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
  type Said,
  TOOL_NAMES,
} from "./client.ts";

type Sdk = typeof OpenAI;

const IMAGE_URL = `data:image/png;base64,${PIXEL}`;

export function openaiAt(url: string, Sdk: Sdk = OpenAI): OpenAI {
  return new Sdk({ apiKey: "unused", baseURL: `${url}/v1`, maxRetries: 0 });
}

export function openaiLooks({ RateLimitError, BadRequestError, AuthenticationError }: Sdk): Looks {
  return {
    "rate limit": { is: RateLimitError, has: { status: 429, code: "rate_limit_exceeded" } },
    "context overflow": { is: BadRequestError, has: { status: 400, code: "context_length_exceeded" } },
    "invalid key": { is: AuthenticationError, has: { status: 401, code: "invalid_api_key" } },
    "exhausted budget": { is: RateLimitError, has: { status: 429, code: "insufficient_quota" } },
  };
}

export const openaiRows = rowsOf("openai 7", OpenAI);
// Version 6 has the same classes for what is used here.
export const openai6Rows = rowsOf("openai 6", OpenAI6 as unknown as Sdk);

function rowsOf(name: string, Sdk: Sdk): readonly ClientRow[] {
  return [
    {
      ...{ name: `${name}, chat`, wire: "openai", returns: ["openai-responses", "anthropic"] },
      ...{ at: (url) => chatClient(openaiAt(url, Sdk)), looks: openaiLooks(Sdk) },
    },
    {
      ...{ name: `${name}, responses`, wire: "openai-responses", returns: ["anthropic"] },
      ...{ at: (url) => responsesClient(openaiAt(url, Sdk)), looks: openaiLooks(Sdk) },
    },
  ];
}

const endpoints = (openai: OpenAI): Required<Pick<Client, "embed" | "models">> => ({
  embed: async (model, input) =>
    (await openai.embeddings.create({ model, input: [...input] })).data.map(({ embedding }) => embedding),
  models: async () => (await openai.models.list()).data.map(({ id }) => id),
});

function chatClient(openai: OpenAI): Client {
  const { completions } = openai.chat;
  const said = ({ choices, model, id, usage }: OpenAI.ChatCompletion): Said => ({
    ...{ text: choices[0]?.message.content ?? "", model, id, input: usage?.prompt_tokens },
  });
  const ask = async (model: string, content: OpenAI.ChatCompletionUserMessageParam["content"]) =>
    said(await completions.create({ model, messages: [{ role: "user", content }] }));
  const tools = TOOL_NAMES.map((name) => ({ type: "function" as const, function: { name, parameters: CITY } }));
  return {
    text: ask,
    async *stream(model, content, signal) {
      const request = { model, messages: [{ role: "user" as const, content }], stream: true as const };
      for await (const chunk of await completions.create(request, signal && { signal }))
        yield chunk.choices[0]?.delta.content ?? "";
    },
    async loop(model, streamed) {
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: LOOP_PROMPT }];
      for (;;) {
        const request = { model, messages, tools };
        const completion = streamed
          ? await completions.stream(request).finalChatCompletion()
          : await completions.create(request);
        const { message } = completion.choices[0] as OpenAI.ChatCompletion.Choice;
        if (message.tool_calls === undefined || message.tool_calls.length === 0) return said(completion).text;
        messages.push(message);
        for (const call of message.tool_calls)
          if (call.type === "function") messages.push({ role: "tool", tool_call_id: call.id, content: result(call) });
      }
    },
    async object(model) {
      const json_schema = { name: "person", schema: PERSON, strict: true };
      const completion = await completions.create({
        ...{ model, messages: [{ role: "user", content: PERSON_PROMPT }] },
        response_format: { type: "json_schema", json_schema },
      });
      return JSON.parse(said(completion).text);
    },
    image: async (model) => {
      const image = { type: "image_url" as const, image_url: { url: IMAGE_URL } };
      return (await ask(model, [{ type: "text", text: IMAGE_PROMPT }, image])).text;
    },
    ...endpoints(openai),
  };
}

function result({ function: { name, arguments: json } }: OpenAI.ChatCompletionMessageFunctionToolCall): string {
  return runTool(name, JSON.parse(json));
}

function responsesClient(openai: OpenAI): Client {
  const { responses } = openai;
  const said = ({ output_text, model, id, usage }: OpenAI.Responses.Response): Said => ({
    ...{ text: output_text, model, id, input: usage?.input_tokens },
  });
  const ask = async (model: string, input: string | OpenAI.Responses.ResponseInput) =>
    said(await responses.create({ model, input }));
  const tools = TOOL_NAMES.map((name) => ({ type: "function" as const, name, parameters: CITY, strict: true }));
  return {
    text: ask,
    async *stream(model, input, signal) {
      for await (const event of await responses.create({ model, input, stream: true }, signal && { signal }))
        if (event.type === "response.output_text.delta") yield event.delta;
    },
    // With `store`, the streamed loop goes on by id; without it, the client keeps all items.
    async loop(model, streamed) {
      const first: OpenAI.Responses.ResponseInput = [{ role: "user", content: LOOP_PROMPT }];
      const include = ["reasoning.encrypted_content" as const];
      const kept = [...first];
      let input = first;
      let previous: string | undefined;
      for (;;) {
        const response = streamed
          ? await responses.stream({ model, input, tools, previous_response_id: previous ?? null }).finalResponse()
          : await responses.create({ model, input: kept, tools, store: false, include });
        const calls = response.output.flatMap((item) => (item.type === "function_call" ? [item] : []));
        if (calls.length === 0) return response.output_text;
        previous = response.id;
        input = calls.map(({ call_id, name, arguments: json }) => ({
          ...{ type: "function_call_output", call_id, output: runTool(name, JSON.parse(json)) },
        }));
        kept.push(...(response.output as OpenAI.Responses.ResponseInput), ...input);
      }
    },
    async object(model) {
      const format = { type: "json_schema" as const, name: "person", schema: PERSON, strict: true };
      return JSON.parse((await responses.create({ model, input: PERSON_PROMPT, text: { format } })).output_text);
    },
    image: async (model) => {
      const image = { type: "input_image" as const, image_url: IMAGE_URL, detail: "auto" as const };
      const content = [{ type: "input_text" as const, text: IMAGE_PROMPT }, image];
      return (await ask(model, [{ role: "user", content }])).text;
    },
    ...endpoints(openai),
  };
}
