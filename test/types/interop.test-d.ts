import type { EmbeddingModelV4, LanguageModelV4 } from "@ai-sdk/provider";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk } from "@langchain/core/messages";
import type { EmbeddingModel, LanguageModel } from "ai";
import type { Model } from "modelwright";
import { embeddingModel, languageModel } from "modelwright/ai-sdk";
import { chatModel } from "modelwright/langchain";
import { expectTypeOf, it } from "vitest";
import { z } from "zod";

declare const model: Model;
declare const withoutTools: Model<{ tools: false }>;

it("languageModel and embeddingModel return what the AI SDK accepts, for every model", () => {
  expectTypeOf(languageModel(model)).toEqualTypeOf<LanguageModelV4>();
  expectTypeOf(languageModel(withoutTools)).toExtend<LanguageModel>();
  languageModel(model) satisfies LanguageModelV4;
  expectTypeOf(embeddingModel(model)).toEqualTypeOf<EmbeddingModelV4>();
  expectTypeOf(embeddingModel(model)).toExtend<EmbeddingModel>();
});

it("chatModel returns what LangChain accepts", async () => {
  const llm = chatModel(model);
  llm satisfies BaseChatModel;
  expectTypeOf(llm.bindTools([]).invoke("Hi")).resolves.toEqualTypeOf<AIMessageChunk>();
  const holiday = llm.withStructuredOutput<{ name: string }>(z.object({ name: z.string() }));
  expectTypeOf(holiday.invoke("Hi")).resolves.toEqualTypeOf<{ name: string }>();
});
