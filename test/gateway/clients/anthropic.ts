import Anthropic from "@anthropic-ai/sdk";
import { expect } from "vitest";
import {
  CITY,
  type Client,
  type ClientRow,
  IMAGE_PROMPT,
  LOOP_PROMPT,
  PERSON,
  PERSON_PROMPT,
  PIXEL,
  runTool,
  TOOL_NAMES,
} from "./client.ts";

export function anthropicAt(url: string): Anthropic {
  return new Anthropic({ apiKey: "unused", baseURL: url, maxRetries: 0, openTelemetry: false });
}

export const anthropicRow: ClientRow = {
  name: "@anthropic-ai/sdk",
  wire: "anthropic",
  returns: ["openai-responses"],
  at: (url) => messagesClient(anthropicAt(url)),
  looks: {
    "rate limit": { is: Anthropic.RateLimitError, has: { status: 429, type: "rate_limit_error" } },
    "context overflow": {
      is: Anthropic.BadRequestError,
      has: {
        type: "invalid_request_error",
        message: expect.stringMatching(/prompt is too long: \d+ tokens > \d+ max/),
      },
    },
    "invalid key": { is: Anthropic.AuthenticationError, has: { status: 401, type: "authentication_error" } },
    "exhausted budget": { is: Anthropic.APIError, has: { status: 402, type: "billing_error" } },
  },
};

function messagesClient({ messages: api, models }: Anthropic): Client {
  const textIn = ({ content }: Pick<Anthropic.Message, "content">) =>
    content.map((block) => (block.type === "text" ? block.text : "")).join("");
  const create = (model: string, content: Anthropic.MessageParam["content"]) =>
    api.create({ model, max_tokens: 500, messages: [{ role: "user", content }] });
  const tools = TOOL_NAMES.map((name) => ({ name, input_schema: CITY }));
  return {
    async text(model, prompt) {
      const message = await create(model, prompt);
      const { id, usage } = message;
      return { text: textIn(message), model: message.model, id, input: usage.input_tokens };
    },
    async *stream(model, content, signal) {
      const request = { model, max_tokens: 500, messages: [{ role: "user" as const, content }], stream: true as const };
      for await (const event of await api.create(request, signal && { signal }))
        if (event.type === "content_block_delta" && event.delta.type === "text_delta") yield event.delta.text;
    },
    async loop(model, streamed) {
      const messages: Anthropic.MessageParam[] = [{ role: "user", content: LOOP_PROMPT }];
      for (;;) {
        const request = { model, max_tokens: 4_000, messages, tools };
        const message = streamed ? await api.stream(request).finalMessage() : await api.create(request);
        const calls = message.content.flatMap((block) => (block.type === "tool_use" ? [block] : []));
        if (calls.length === 0) return textIn(message);
        const results = calls.map(({ id, name, input }) => ({
          ...{ type: "tool_result" as const, tool_use_id: id, content: runTool(name, input as object) },
        }));
        messages.push({ role: "assistant", content: message.content }, { role: "user", content: results });
      }
    },
    async object(model) {
      const message = await api.create({
        ...{ model, max_tokens: 500, messages: [{ role: "user", content: PERSON_PROMPT }] },
        output_config: { format: { type: "json_schema", schema: PERSON } },
      });
      return JSON.parse(textIn(message));
    },
    async image(model) {
      const source = { type: "base64" as const, media_type: "image/png" as const, data: PIXEL };
      const message = await create(model, [
        { type: "text", text: IMAGE_PROMPT },
        { type: "image", source },
      ]);
      return textIn(message);
    },
    models: async () => (await models.list()).data.map(({ id }) => id),
  };
}
