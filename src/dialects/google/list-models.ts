import { type ListReader, offeredModel } from "../model-list.ts";

/** The Gemini API lists `models` (https://ai.google.dev/api/models#method:-models.list), Vertex its `publisherModels`. */
export const googleList: ListReader = {
  page({ models, publisherModels, nextPageToken }) {
    const entries = models ?? publisherModels ?? [];
    return Array.isArray(entries) ? { entries, next: nextPageToken } : undefined;
  },
  model({ name, displayName, inputTokenLimit, outputTokenLimit }) {
    return offeredModel({
      // `models/gemini-…` or `publishers/google/models/gemini-…`
      id: typeof name === "string" ? name.replace(/^.*\bmodels\//, "") : undefined,
      displayName,
      context: inputTokenLimit,
      maxOutput: outputTokenLimit,
    });
  },
};
