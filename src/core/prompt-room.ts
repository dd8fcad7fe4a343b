import { withPrelude } from "./adapt.ts";
import type { CallInput } from "./call.ts";
import { estimateTokens } from "./estimate.ts";
import type { Target } from "./target.ts";

/** Output of a model whose maximum is unknown. */
const UNKNOWN_MAX_OUTPUT = 4_096;

const NOTHING: PromptOptions = { settings: {} };

type PromptOptions = Pick<CallInput, "settings"> & Partial<Pick<CallInput, "system" | "prelude">>;

/**
 * The tokens that the window of a model leaves for the messages of a call: without the answer, and without the instructions,
 * messages and tools of its entry or of the call. `undefined` if the window is unknown.
 */
export function promptRoom(target: Target, options: PromptOptions = NOTHING): number | undefined {
  const { context, maxOutput = UNKNOWN_MAX_OUTPUT } = target.facts;
  if (context === undefined) return undefined;
  const { maxNewTokens = target.settings.maxNewTokens, tools = target.settings.tools } = options.settings;
  // Some models may use the whole window for their answer.
  const answer = Math.min(maxNewTokens ?? maxOutput, Math.floor(context / 2));
  return (
    context - answer - (estimateTokens(withPrelude({ ...options, messages: [] }, target), tools) - estimateTokens([]))
  );
}
