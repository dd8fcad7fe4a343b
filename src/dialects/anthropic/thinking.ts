import type { Anthropic } from "@anthropic-ai/sdk";
import { EFFORTS, type Effort, type ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { Report } from "../report.ts";
import type { Turn } from "./messages.ts";

export interface Thinking {
  readonly thinking?: Anthropic.ThinkingConfigParam;
  readonly effort?: WireEffort;
  readonly maxTokens: number;
  /** Whether thinking is on; the API then rejects sampling parameters and forced tools. */
  readonly active: boolean;
}

type WireEffort = "low" | "medium" | "high" | "xhigh" | "max";

const DEFAULT_MAX_TOKENS = 4096;
/** The smallest budget that the API accepts. */
const MIN_BUDGET = 1024;
const BUDGETS: Readonly<Record<Exclude<Effort, "none">, number>> = {
  minimal: 1024,
  low: 1024,
  medium: 4096,
  high: 16_384,
  xhigh: 32_000,
  max: 32_000,
};

/** Efforts without a budget of their own: the API takes none that is smaller, and most models none that is larger. */
const SAME_BUDGET: Readonly<Partial<Record<Effort, Effort>>> = { minimal: "low", max: "xhigh" };

/** The effort whose budget is nearest to this one. */
export function effortOfBudget(budget: number): { readonly effort: Effort; readonly exact: boolean } {
  const rows = EFFORTS.filter(
    (effort) => effort !== "none" && SAME_BUDGET[effort] === undefined,
  ) as (keyof typeof BUDGETS)[];
  const away = (effort: (typeof rows)[number]) => Math.abs(BUDGETS[effort] - budget);
  const effort = rows.reduce((nearest, row) => (away(row) < away(nearest) ? row : nearest));
  return { effort, exact: away(effort) === 0 };
}

export function encodeThinking(
  request: ModelRequest,
  turns: readonly Turn[],
  target: Target,
  report: Report,
): Thinking {
  const { reasoningEffort: effort, maxNewTokens } = request.settings;
  const maxTokens = maxNewTokens ?? target.facts.maxOutput ?? DEFAULT_MAX_TOKENS;
  if (effort === undefined) return { maxTokens, active: false };
  const wire = target.facts.reasoningWire ?? "adaptive";
  if (effort === "none") {
    return wire === "effort"
      ? { maxTokens, active: false }
      : { thinking: { type: "disabled" }, maxTokens, active: false };
  }
  if (wire === "budget") return withBudget(effort, request, turns, target, report);
  if (request.thinkingBudget !== undefined)
    report("thinking.budget_tokens", request.thinkingBudget, effort, `${target.modelId} takes an effort`);
  const word = wireEffort(effort, report);
  if (wire === "effort") return { effort: word, maxTokens, active: false };
  return { thinking: { type: "adaptive" }, effort: word, maxTokens, active: true };
}

function wireEffort(effort: Exclude<Effort, "none">, report: Report): WireEffort {
  if (effort !== "minimal") return effort;
  report("reasoning_effort", "minimal", "low", "the lowest level of the messages wire is low");
  return "low";
}

function withBudget(
  effort: Exclude<Effort, "none">,
  request: ModelRequest,
  turns: readonly Turn[],
  target: Target,
  report: Report,
): Thinking {
  const { maxNewTokens } = request.settings;
  const { maxOutput } = target.facts;
  const exact = request.thinkingBudget;
  const wanted = exact ?? BUDGETS[effort];
  const maxTokens = maxNewTokens ?? maxOutput ?? DEFAULT_MAX_TOKENS + wanted;
  const off = { maxTokens, active: false };
  if (continuesWithoutThinking(turns)) {
    report("reasoning_effort", effort, undefined, "the tool calls being answered were made without thinking");
    return off;
  }
  // At least half of a configured limit is left for the answer, unless a client chose both.
  const isFree = maxNewTokens === undefined || exact !== undefined;
  const given = isFree ? Number.POSITIVE_INFINITY : Math.floor(maxNewTokens / 2);
  const budget = Math.min(wanted, Math.max(MIN_BUDGET, given), maxTokens - 1);
  if (budget < MIN_BUDGET) {
    report(
      "reasoning_effort",
      effort,
      undefined,
      `thinking takes ${MIN_BUDGET} tokens, max_new_tokens is ${maxTokens}`,
    );
    return off;
  }
  const sameBudget = exact === undefined ? SAME_BUDGET[effort] : undefined;
  if (sameBudget !== undefined) report("reasoning_effort", effort, sameBudget, `both are ${wanted} tokens of thinking`);
  if (budget < wanted) {
    report("reasoning_effort", `${wanted} tokens`, `${budget} tokens`, "thinking must fit into max_new_tokens");
  }
  return { thinking: { type: "enabled", budget_tokens: budget }, maxTokens, active: true };
}

/** With thinking on, the assistant message with open tool calls must start with a thinking block. */
function continuesWithoutThinking(turns: readonly Turn[]): boolean {
  const last = turns.at(-1);
  const before = turns.at(-2);
  if (last?.role !== "user" || !last.content.some((block) => block.type === "tool_result")) return false;
  const first = before?.content[0]?.type;
  return first !== "thinking" && first !== "redacted_thinking";
}
