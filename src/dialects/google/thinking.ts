import type { ThinkingConfig, ThinkingLevel } from "@google/genai";
import { EFFORTS, type Effort, type ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { Report } from "../report.ts";

const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 512,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};
const LEVELS: Readonly<Record<Effort, string>> = {
  none: "MINIMAL",
  minimal: "MINIMAL",
  low: "LOW",
  medium: "MEDIUM",
  high: "HIGH",
  xhigh: "HIGH",
  max: "HIGH",
};

export function encodeThinking(
  { settings, thinkingBudget: exact }: ModelRequest,
  target: Target,
  report: Report,
): { thinkingConfig?: ThinkingConfig } {
  const { reasoningEffort: effort } = settings;
  if (effort === undefined) return {};
  if (target.facts.reasoningWire === "budget") {
    const thinkingBudget = exact ?? BUDGETS[effort];
    if (exact === undefined && (effort === "xhigh" || effort === "max"))
      report("reasoning_effort", effort, "high", "the largest budget is that of high");
    return { thinkingConfig: { thinkingBudget, ...(thinkingBudget !== 0 && { includeThoughts: true }) } };
  }
  if (exact !== undefined) report("thinkingConfig.thinkingBudget", exact, effort, `${target.modelId} takes a level`);
  const level = LEVELS[effort];
  if (level.toLowerCase() !== effort)
    report("reasoning_effort", effort, level.toLowerCase(), "the nearest supported level");
  return {
    thinkingConfig: { thinkingLevel: level as ThinkingLevel, ...(effort !== "none" && { includeThoughts: true }) },
  };
}

/**
 * The effort of this name; `undefined` for a level that the wire does not have. The least level stands for no thinking where
 * no thoughts are wanted.
 */
export function effortOfLevel(level: string, withThoughts: boolean): Effort | undefined {
  if (level.toUpperCase() === LEVELS.none && !withThoughts) return "none";
  return EFFORTS.find((effort) => effort === level.toLowerCase() && LEVELS[effort] === level.toUpperCase());
}

/** What the model decides by itself is as much as usual. */
const DYNAMIC: Effort = "medium";

/** The least effort whose budget is nearest to this one. */
export function effortOfBudget(budget: number): { readonly effort: Effort; readonly exact: boolean } {
  if (budget < 0) return { effort: DYNAMIC, exact: false };
  const away = (effort: Effort) => Math.abs(BUDGETS[effort] - budget);
  const effort = EFFORTS.reduce((nearest, row) => (away(row) < away(nearest) ? row : nearest));
  return { effort, exact: away(effort) === 0 };
}
