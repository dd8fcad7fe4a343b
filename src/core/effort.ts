import type { Changes } from "./changes.ts";
import { EFFORTS, type Effort, type Settings } from "./request.ts";
import type { Adaptation, Target } from "./target.ts";

interface Adapting {
  readonly target: Target;
  readonly adaptation: Adaptation;
  readonly changes: Changes;
}

/** The effort to send: none where the model requires that, otherwise the nearest level that the model supports. */
export function adaptEffort(
  { reasoningEffort, ...rest }: Settings,
  extraBody: Readonly<Record<string, unknown>>,
  { target, adaptation, changes }: Adapting,
): Effort | undefined {
  return forbidsEffort(reasoningEffort, rest, extraBody, { target, adaptation })
    ? noEffort(reasoningEffort, target, changes)
    : effortWord(reasoningEffort, target, changes);
}

/** Some models support tools on chat completions only without reasoning. https://platform.openai.com/docs/guides/function-calling */
function forbidsEffort(
  effort: Effort | number | undefined,
  { tools = [] }: Settings,
  extraBody: Readonly<Record<string, unknown>>,
  { target, adaptation }: Pick<Adapting, "target" | "adaptation">,
): boolean {
  const { chatTools } = target.facts;
  if (target.dialect !== "openai" || chatTools === undefined || tools.length === 0) return false;
  if ("reasoning_effort" in extraBody || adaptation.drop.includes("reasoning_effort")) return false;
  return effort !== "none" && (effort !== undefined || chatTools === "effort-none");
}

function noEffort(effort: Effort | number | undefined, target: Target, changes: Changes): Effort {
  const reason = `${target.modelId} supports tools on chat completions only without reasoning; the openai-responses wire supports both`;
  changes.modified("reasoning_effort", effort, "none", reason);
  return "none";
}

function effortWord(effort: Effort | number | undefined, target: Target, changes: Changes): Effort | undefined {
  if (effort === undefined) return undefined;
  const word = typeof effort === "number" ? numberToEffort(effort) : effort;
  if (typeof effort === "number")
    changes.configured(
      "reasoning_effort",
      effort,
      word,
      "a number selects a level: up to .33 low, up to .66 medium, else high",
    );
  const { efforts } = target.facts;
  if (efforts === undefined || efforts.length === 0 || efforts.includes(word)) return word;
  const nearest = nearestEffort(word, efforts);
  changes.modified("reasoning_effort", word, nearest, `${target.modelId} supports ${efforts.join(", ")}`);
  return nearest;
}

function numberToEffort(effort: number): Effort {
  if (effort <= 0.33) return "low";
  return effort <= 0.66 ? "medium" : "high";
}

function nearestEffort(word: Effort, efforts: readonly Effort[]): Effort {
  const wanted = EFFORTS.indexOf(word);
  return (
    [...efforts].sort(
      (left, right) => Math.abs(EFFORTS.indexOf(left) - wanted) - Math.abs(EFFORTS.indexOf(right) - wanted),
    )[0] ?? word
  );
}
