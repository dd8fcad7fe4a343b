import { GENERATE_MARKS } from "../../../src/dialects/google/server/generate-marks.ts";
import { PIXEL } from "./openai-rows.ts";
import { type Json, rowsOf } from "./rows.ts";

const user = { role: "user", parts: [{ text: "Hello" }] };
const parametersJsonSchema = {
  type: "object",
  properties: { city: { type: "string", description: "words of the tool" } },
};
const declared = { functionDeclarations: [{ name: "weather", parametersJsonSchema }] };
const field = (name: string, value: unknown) => ({ body: { [name]: value } });
const config = (name: string, value: unknown, upstream?: Json) => ({
  body: { generationConfig: { [name]: value } },
  ...(upstream && { upstream }),
});
const tool = (name: string, value: unknown = {}) => ({ body: { tools: [{ [name]: value }] } });
const asked = (part: Json, words?: string) => ({
  body: { contents: [{ role: "user", parts: [{ text: "See" }, part] }] },
  ...(words && { words }),
});
const answered = (part: Json) => ({ body: { contents: [user, { role: "model", parts: [part] }, user] } });
const called = (args: Json, output: string, words: string) => ({
  body: {
    contents: [
      user,
      { role: "model", parts: [{ functionCall: { id: "c1", name: "weather", args } }] },
      { role: "user", parts: [{ functionResponse: { id: "c1", name: "weather", response: { output } } }] },
    ],
    tools: [declared],
  },
  upstream: {},
  words,
});

export const GENERATE_ROWS = rowsOf({
  marks: GENERATE_MARKS,
  path: (model) => `/v1beta/models/${model}:generateContent`,
  base: () => ({ contents: [user] }),
  other: "anthropic",
  fields: {
    model: { body: {}, upstream: {} },
    contents: { body: { contents: [user] }, words: "Hello" },
    systemInstruction: { body: { systemInstruction: { parts: [{ text: "Be brief." }] } }, words: "Be brief." },
    generationConfig: config("maxOutputTokens", 90),
    tools: { body: { tools: [declared] }, words: "words of the tool" },
    toolConfig: { body: { tools: [declared], toolConfig: { functionCallingConfig: { mode: "ANY" } } }, words: '"any"' },
    labels: { body: { labels: { team: "blue" } }, upstream: {} },
    serviceTier: field("serviceTier", "flex"),
    temperature: config("temperature", 0.5),
    topP: config("topP", 0.5),
    topK: config("topK", 5),
    // The library asks for each answer on its own.
    candidateCount: config("candidateCount", 2, {}),
    maxOutputTokens: config("maxOutputTokens", 90),
    stopSequences: config("stopSequences", ["END"]),
    responseLogprobs: config("responseLogprobs", true),
    logprobs: { body: { generationConfig: { responseLogprobs: true, logprobs: 2 } } },
    presencePenalty: config("presencePenalty", 0.5),
    frequencyPenalty: config("frequencyPenalty", 0.5),
    seed: config("seed", 7),
    responseMimeType: config("responseMimeType", "application/json"),
    responseSchema: {
      body: {
        generationConfig: {
          responseMimeType: "application/json",
          responseSchema: { type: "OBJECT", properties: { city: { type: "STRING" } } },
        },
      },
      upstream: { generationConfig: { responseJsonSchema: { properties: { city: { type: "string" } } } } },
    },
    responseJsonSchema: {
      body: { generationConfig: { responseMimeType: "application/json", responseJsonSchema: parametersJsonSchema } },
      upstream: { generationConfig: { responseJsonSchema: { properties: { city: { type: "string" } } } } },
    },
    responseModalities: config("responseModalities", ["TEXT"]),
    thinkingConfig: config("thinkingConfig", { includeThoughts: true, thinkingBudget: 1_024 }),
    audioTimestamp: config("audioTimestamp", true),
    audioTranscriptionConfig: config("audioTranscriptionConfig", {}),
    automaticContinuation: field("automaticContinuation", true),
    cachedContent: field("cachedContent", "cachedContents/1"),
    continuationToken: field("continuationToken", "token"),
    enableAffectiveDialog: config("enableAffectiveDialog", true),
    enableEnhancedCivicAnswers: config("enableEnhancedCivicAnswers", true),
    generationOutputConfig: field("generationOutputConfig", {}),
    imageConfig: config("imageConfig", { aspectRatio: "1:1" }),
    mediaResolution: config("mediaResolution", "MEDIA_RESOLUTION_LOW"),
    modelArmorConfig: field("modelArmorConfig", { promptTemplateName: "a" }),
    modelSelectionConfig: config("modelSelectionConfig", {}),
    responseFormat: config("responseFormat", [{}]),
    routingConfig: config("routingConfig", {}),
    safetySettings: field("safetySettings", [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }]),
    speechConfig: config("speechConfig", { languageCode: "en" }),
    store: field("store", true),
    translationConfig: config("translationConfig", {}),
  },
  tools: {
    functionDeclarations: { body: { tools: [declared] }, words: "words of the tool" },
    googleSearch: { body: { tools: [{ googleSearch: {} }] }, words: "web_search" },
    codeExecution: tool("codeExecution"),
    computerUse: tool("computerUse", { environment: "ENVIRONMENT_BROWSER" }),
    enterpriseWebSearch: tool("enterpriseWebSearch"),
    exaAiSearch: tool("exaAiSearch"),
    fileSearch: tool("fileSearch", { fileSearchStoreNames: ["a"] }),
    googleMaps: tool("googleMaps"),
    googleSearchRetrieval: tool("googleSearchRetrieval"),
    mcpServers: tool("mcpServers", [{ name: "docs" }]),
    parallelAiSearch: tool("parallelAiSearch"),
    retrieval: tool("retrieval"),
    urlContext: tool("urlContext"),
  },
  content: {
    text: asked({ text: "words of the part" }, "words of the part"),
    thought: { body: {}, upstream: {} },
    thoughtSignature: { body: {}, upstream: {} },
    inlineData: asked({ inlineData: { mimeType: "image/png", data: PIXEL } }, PIXEL),
    fileData: asked(
      { fileData: { mimeType: "application/pdf", fileUri: "https://example.com/a.pdf" } },
      "https://example.com/a.pdf",
    ),
    functionCall: called({ city: "Oslo" }, "snow", "Oslo"),
    functionResponse: called({}, "words of the result", "words of the result"),
    audioTranscription: asked({ audioTranscription: { text: "a" } }),
    codeExecutionResult: answered({ codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } }),
    executableCode: answered({ executableCode: { language: "PYTHON", code: "1" } }),
    mediaProcessing: asked({ text: "a", mediaProcessing: { mode: "a" } }),
    mediaResolution: asked({
      inlineData: { mimeType: "image/png", data: PIXEL },
      mediaResolution: { level: "MEDIA_RESOLUTION_LOW" },
    }),
    partMetadata: asked({ text: "a", partMetadata: { some_key: 1 } }),
    speechMetadata: asked({ text: "a", speechMetadata: { speaker: "a" } }),
    toolCall: answered({ toolCall: { id: "t1", toolType: "GOOGLE_SEARCH_WEB" } }),
    toolResponse: answered({ toolResponse: { id: "t1", toolType: "GOOGLE_SEARCH_WEB" } }),
    videoMetadata: asked({
      fileData: { mimeType: "video/mp4", fileUri: "https://example.com/a.mp4" },
      videoMetadata: { fps: 1 },
    }),
  },
});
