import { type Usage, usageOf } from "../../core/usage.ts";
import { numberIn, objectIn, type WireObject } from "./wire-value.ts";

/** `undefined` when the server told nothing, or only zeros: some do that for streams they did not count. */
export function chatUsage(value: unknown): Usage | undefined {
  const usage = objectIn(value);
  if (usage === undefined) return undefined;
  const prompt = objectIn(usage["prompt_tokens_details"]) ?? {};
  const completion = objectIn(usage["completion_tokens_details"]) ?? {};
  const cacheRead = prompt["cached_tokens"] ?? usage["cached_tokens"] ?? usage["prompt_cache_hit_tokens"];
  return normalise({
    prompt: amount(usage["prompt_tokens"]),
    cacheRead: amount(cacheRead),
    cacheWrite: amount(prompt["cache_write_tokens"] ?? prompt["cache_creation_tokens"]),
    output: amount(usage["completion_tokens"]),
    reasoning: amount(completion["reasoning_tokens"] ?? usage["reasoning_tokens"]),
    total: amount(usage["total_tokens"]),
    details: {
      audio: amount(prompt["audio_tokens"]) + amount(completion["audio_tokens"]),
      image: amount(prompt["image_tokens"]) + amount(completion["image_tokens"]),
      acceptedPrediction: amount(completion["accepted_prediction_tokens"]),
      rejectedPrediction: amount(completion["rejected_prediction_tokens"]),
    },
  });
}

export function responsesUsage(value: unknown): Usage | undefined {
  const usage = objectIn(value);
  if (usage === undefined) return undefined;
  const input = objectIn(usage["input_tokens_details"]) ?? {};
  const output = objectIn(usage["output_tokens_details"]) ?? {};
  return normalise({
    prompt: amount(usage["input_tokens"]),
    cacheRead: amount(input["cached_tokens"]),
    cacheWrite: amount(input["cache_write_tokens"]),
    output: amount(usage["output_tokens"]),
    reasoning: amount(output["reasoning_tokens"]),
    total: amount(usage["total_tokens"]),
    details: serverTools(usage),
  });
}

function serverTools(usage: WireObject): Record<string, number> {
  return { tool: amount(usage["num_server_side_tools_used"]) };
}

interface Counts {
  readonly prompt: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
  readonly total: number;
  readonly details: Readonly<Record<string, number>>;
}

function normalise(counts: Counts): Usage | undefined {
  const { prompt, cacheRead, cacheWrite, reasoning, details } = counts;
  if (prompt + counts.output === 0) return undefined;
  const cached = cacheRead + cacheWrite;
  // A cache larger than the prompt was counted beside it, not in it.
  const input = cached > prompt ? prompt : prompt - cached;
  return usageOf({ input, cacheRead, cacheWrite, output: outputWithReasoning(counts), reasoning, details });
}

/** xAI leaves reasoning out of the completion; the total tells. */
function outputWithReasoning({ prompt, output, reasoning, total }: Counts): number {
  return reasoning > 0 && total === prompt + output + reasoning ? output + reasoning : output;
}

function amount(value: unknown): number {
  return Math.max(0, numberIn(value) ?? 0);
}
