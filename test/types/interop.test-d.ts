import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { LanguageModel } from "ai";
import type { Model } from "modelwright";
import { languageModel } from "modelwright/ai-sdk";
import { expectTypeOf, it } from "vitest";

declare const model: Model;
declare const withoutTools: Model<{ tools: false }>;

it("languageModel returns what the AI SDK accepts, for every model", () => {
  expectTypeOf(languageModel(model)).toEqualTypeOf<LanguageModelV4>();
  expectTypeOf(languageModel(withoutTools)).toExtend<LanguageModel>();
  languageModel(model) satisfies LanguageModelV4;
});
