import { ApiError, type Content, GoogleGenAI } from "@google/genai";
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

export function googleAt(url: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey: "unused", httpOptions: { baseUrl: url, apiVersion: "v1beta" } });
}

const failed = (status: number, words: string) => ({
  ...{ is: ApiError, has: { status, message: expect.stringContaining(words) } },
});

export const googleRow: ClientRow = {
  name: "@google/genai",
  wire: "google",
  returns: ["anthropic", "openai-responses"],
  at: (url) => geminiClient(googleAt(url)),
  looks: {
    "rate limit": failed(429, "RESOURCE_EXHAUSTED"),
    "context overflow": failed(400, "exceeds the maximum number of tokens allowed"),
    "invalid key": failed(401, "UNAUTHENTICATED"),
    "exhausted budget": failed(429, "RESOURCE_EXHAUSTED"),
  },
};

type Answer = Awaited<ReturnType<GoogleGenAI["models"]["generateContent"]>>;

function geminiClient({ models: api }: GoogleGenAI): Client {
  const functionDeclarations = TOOL_NAMES.map((name) => ({ name, parametersJsonSchema: CITY }));
  return {
    async text(model, contents) {
      const { text = "", modelVersion, responseId: id, usageMetadata } = await api.generateContent({ model, contents });
      return { text, model: modelVersion, id, input: usageMetadata?.promptTokenCount };
    },
    async *stream(model, contents, signal) {
      const config = signal === undefined ? {} : { abortSignal: signal };
      for await (const chunk of await api.generateContentStream({ model, contents, config })) yield chunk.text ?? "";
    },
    async loop(model, streamed) {
      const contents: Content[] = [{ role: "user", parts: [{ text: LOOP_PROMPT }] }];
      for (;;) {
        const request = { model, contents, config: { tools: [{ functionDeclarations }] } };
        const content = streamed
          ? await joined(await api.generateContentStream(request))
          : ((await api.generateContent(request)).candidates?.[0]?.content as Content);
        const calls = (content.parts ?? []).flatMap(({ functionCall }) => functionCall ?? []);
        if (calls.length === 0) return textIn(content);
        const parts = calls.map(({ id, name = "", args = {} }) => ({
          functionResponse: { ...(id !== undefined && { id }), name, response: { output: runTool(name, args) } },
        }));
        contents.push(content, { role: "user", parts });
      }
    },
    async object(model) {
      const config = { responseMimeType: "application/json", responseJsonSchema: PERSON };
      return JSON.parse((await api.generateContent({ model, contents: PERSON_PROMPT, config })).text ?? "");
    },
    async image(model) {
      const parts = [{ text: IMAGE_PROMPT }, { inlineData: { mimeType: "image/png", data: PIXEL } }];
      return (await api.generateContent({ model, contents: [{ role: "user", parts }] })).text ?? "";
    },
    async embed(model, contents) {
      const { embeddings = [] } = await api.embedContent({ model, contents: [...contents] });
      return embeddings.map(({ values = [] }) => values);
    },
    async models() {
      const names: string[] = [];
      for await (const { name = "" } of await api.list()) names.push(name.replace(/^models\//, ""));
      return names;
    },
  };
}

/** The parts of all chunks, as users of the SDK keep them. */
async function joined(chunks: AsyncIterable<Answer>): Promise<Content> {
  const content: Content & { parts: object[] } = { role: "model", parts: [] };
  for await (const { candidates } of chunks) content.parts.push(...(candidates?.[0]?.content?.parts ?? []));
  return content;
}

function textIn({ parts = [] }: Content): string {
  return parts.map(({ text = "", thought }) => (thought === true ? "" : text)).join("");
}
