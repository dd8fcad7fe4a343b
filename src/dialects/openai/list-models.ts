import { isObject, type JsonObject, type ListReader, offeredModel } from "../model-list.ts";

/** OpenAI's list has ids and dates; compatible hosts add limits, each with its own field name. */
export const openaiList: ListReader = {
  page({ data, models }) {
    const entries = data ?? models;
    return Array.isArray(entries) ? { entries } : undefined;
  },
  model(entry) {
    return offeredModel({
      id: entry["id"] ?? entry["name"],
      displayName: entry["display_name"] ?? entry["name"],
      context: firstOf(entry, CONTEXT_FIELDS),
      maxOutput: firstOf(entry, OUTPUT_FIELDS),
      created: entry["created"],
      retiresOn: entry["shutdown_date"],
    });
  },
};

/** OpenRouter and Together, Groq, Mistral, vLLM, GitHub Copilot. */
const CONTEXT_FIELDS = [
  ["context_length"],
  ["context_window"],
  ["max_context_length"],
  ["max_model_len"],
  ["capabilities", "limits", "max_context_window_tokens"],
];
/** Groq, OpenRouter, GitHub Copilot. */
const OUTPUT_FIELDS = [
  ["max_completion_tokens"],
  ["top_provider", "max_completion_tokens"],
  ["capabilities", "limits", "max_output_tokens"],
];

function firstOf(entry: JsonObject, paths: readonly (readonly string[])[]): unknown {
  return paths.map((path) => valueAt(entry, path)).find((value) => typeof value === "number");
}

function valueAt(entry: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, field) => (isObject(value) ? value[field] : undefined), entry);
}
