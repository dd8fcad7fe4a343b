import { unlessCancelled } from "../core/cancellation.ts";
import { checkOptions } from "../core/check-options.ts";
import { type Clock, scheduleLimit } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { readToolResult } from "../core/input-parts.ts";
import type { Message } from "../core/message.ts";
import type { ToolInput, ToolParameters } from "../core/option-values.ts";
import type { ToolResult } from "../core/run-step.ts";
import { nearest } from "../core/suggest.ts";
import type { ToolCall } from "../core/tool.ts";
import type { ToolContext } from "../core/tool-context.ts";
import { type ArgumentCheck, argumentCheck, type Checked } from "./argument-check.ts";
import { jsonMistake } from "./json-mistake.ts";
import { type ReadLimits, readParts } from "./read-media.ts";
import { EXECUTION_RULES } from "./tool-list.ts";
import { boundedContent } from "./tool-result-bound.ts";

export interface ToolLimits {
  readonly maxParallelTools: number;
  readonly maxToolResultBytes: number;
}

interface Surroundings extends ToolLimits, ReadLimits {
  readonly clock: Clock;
  /** Up to the message with the calls. */
  readonly messages: readonly Message[];
}

interface KnownTool {
  readonly check: ArgumentCheck;
  readonly execute?: ((args: unknown, context: ToolContext) => unknown) | undefined;
  readonly timeoutMs?: number | undefined;
  readonly needsApproval?: boolean | ((args: unknown) => unknown) | undefined;
}

/** What happens to a tool call. */
export type Plan =
  | { readonly call: ToolCall; readonly kind: "pending" }
  | { readonly call: ToolCall; readonly kind: "failed"; readonly problem: string }
  | { readonly call: ToolCall; readonly kind: "runs"; readonly tool: KnownTool; readonly args: unknown };

type RunnablePlan = Exclude<Plan, { readonly kind: "pending" }>;

/** The tools of a run, by name. */
export class RunTools {
  readonly #tools = new Map<string, KnownTool>();
  /** Declared elsewhere, so that the caller runs them. */
  readonly #declared: ReadonlySet<string>;

  /** @throws ModelError `invalid_request` if the parameters of a tool cannot be used. */
  constructor(tools: readonly ToolInput[], declared: readonly string[]) {
    this.#declared = new Set(declared);
    for (const tool of tools) {
      const { name, parameters, inputSchema, execute, timeoutMs, needsApproval } = fieldsOf(tool);
      const execution = { execute, timeoutMs, needsApproval };
      checkOptions(execution, EXECUTION_RULES, `tool "${name}"`);
      this.#tools.set(name, { ...execution, check: argumentCheck(parameters ?? inputSchema ?? {}, name) });
    }
  }

  /** `approved`: the calls that need no approval any more. */
  async plan(call: ToolCall, approved: ReadonlySet<string>): Promise<Plan> {
    if (call.problem !== undefined) return { call, kind: "failed", problem: wordsOfMalformed(call, call.problem) };
    const tool = this.#tools.get(call.name);
    if (tool === undefined) return this.#planUnknown(call);
    const checked = await checkedBy(tool, call.arguments);
    if (!checked.ok) return { call, kind: "failed", problem: `invalid arguments: ${checked.problem}` };
    try {
      if (tool.execute === undefined || (!approved.has(call.id) && (await needsApproval(tool, checked.args))))
        return { call, kind: "pending" };
    } catch (error) {
      return { call, kind: "failed", problem: wordsOf(error) };
    }
    return { call, kind: "runs", tool, args: checked.args };
  }

  #planUnknown(call: ToolCall): Plan {
    if (this.#declared.has(call.name) || (call.kind ?? "function") !== "function") return { call, kind: "pending" };
    const names = [...this.#tools.keys()];
    const near = nearest(call.name, names);
    const hint = near === undefined ? `; the tools are ${names.join(", ") || "none"}` : `; did you mean "${near}"?`;
    return { call, kind: "failed", problem: `there is no tool "${call.name}"${hint}` };
  }
}

function fieldsOf(tool: ToolInput): Fields {
  return ("function" in tool ? tool.function : tool) as Fields;
}

type Fields = Omit<KnownTool, "check"> & {
  readonly name: string;
  readonly parameters?: ToolParameters | undefined;
  readonly inputSchema?: ToolParameters | undefined;
};

/** A transform or refinement of the caller's schema may throw; the model is told, like of any other mistake. */
async function checkedBy({ check }: KnownTool, args: unknown): Promise<Checked> {
  try {
    return await check(args);
  } catch (error) {
    // The schema itself cannot be used.
    if (isModelError(error)) throw error;
    return { ok: false, problem: wordsOf(error) };
  }
}

async function needsApproval({ needsApproval: needs = false }: KnownTool, args: unknown): Promise<boolean> {
  return typeof needs === "function" ? (await needs(args)) !== false : needs;
}

/** Runs tool calls in parallel; appends each result to `results`, which is empty, when it arrives, and yields it. */
export async function* runTools(
  plans: readonly RunnablePlan[],
  around: Surroundings,
  results: ToolResult[],
): AsyncGenerator<ToolResult> {
  const waiting = plans.values();
  const running = new Set<Promise<void>>();
  let shown = 0;
  const start = (plan: RunnablePlan) => {
    const work = resultOf(plan, around).then((result) => {
      running.delete(work);
      if (!around.cancellation.cancelled) results.push(result);
    });
    running.add(work);
  };
  for (;;) {
    around.cancellation.throwIfCancelled();
    while (running.size < around.maxParallelTools) {
      const { value: plan } = waiting.next();
      if (plan === undefined) break;
      start(plan);
    }
    if (shown < results.length) yield results[shown++] as ToolResult;
    else if (running.size > 0) await unlessCancelled(Promise.race(running), around.cancellation);
    else return;
  }
}

async function resultOf(plan: RunnablePlan, around: Surroundings): Promise<ToolResult> {
  const { id, name } = plan.call;
  const { clock, maxToolResultBytes } = around;
  const startedMs = clock.monotonic();
  const result = (content: ToolResult["content"], error: boolean): ToolResult => ({
    ...{ id, name, error, durationMs: clock.monotonic() - startedMs },
    content: boundedContent(content, maxToolResultBytes),
  });
  if (plan.kind === "failed") return result(plan.problem, true);
  try {
    const value = await executed(plan, around);
    const place = `result of "${name}"`;
    const { content } = readToolResult({ id, content: value ?? "" }, place);
    return result(await readParts(content, place, around), false);
  } catch (error) {
    return result(wordsOf(error), true);
  }
}

function executed({ call, tool, args }: Extract<Plan, { kind: "runs" }>, around: Surroundings): Promise<unknown> {
  const { clock, messages } = around;
  const { execute, timeoutMs } = tool;
  const scope = around.cancellation.child();
  const offTimer =
    timeoutMs === undefined ? undefined : scheduleLimit(clock, () => scope.cancel(tookTooLong(timeoutMs)), timeoutMs);
  const context: ToolContext = {
    get signal() {
      return scope.signal;
    },
    callId: call.id,
    messages,
  };
  // A tool that throws before its first await fails like one that rejects.
  const work = (async () => execute?.(args, context))();
  return unlessCancelled(work, scope).finally(() => {
    offTimer?.();
    scope.release();
  });
}

function tookTooLong(timeoutMs: number): ModelError {
  return new ModelError({ code: "aborted", message: `the tool did not finish within ${timeoutMs / 1000} s` });
}

/** The model reads what it wrote, because its own message is sent back with `{}` as the arguments. */
function wordsOfMalformed({ json }: ToolCall, problem: string): string {
  const place = isJson(json) ? "" : ` (${jsonMistake(json, json)})`;
  const shown = json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
  return `not executed: ${problem}${place}. You wrote: ${shown.toWellFormed()}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Characters of malformed arguments that the model is shown. */
const MAX_SHOWN = 1000;

/** The text of what a tool threw, for the model. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error || isModelError(error) ? error.message : String(error);
  return words === "" ? "the tool failed without a message" : words;
}
