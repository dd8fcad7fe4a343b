import {
  COUNT,
  checkOptions,
  FUNCTION,
  invalidOption,
  type OptionRules,
  SIGNAL,
  TEXTS,
} from "../core/check-options.ts";
import type { ToolInput, ToolsInput } from "../core/option-values.ts";
import type { RunStep } from "../core/run-step.ts";
import type { ToolCall } from "../core/tool.ts";
import { readCallOptions } from "./call-options.ts";
import type { CallOptions } from "./options.ts";
import { definitionOf, toolList } from "./tool-list.ts";

/** Options of a run, besides those of its calls. */
export interface RunControl<Call extends ToolCall = ToolCall> {
  /** Maximum number of answers. Default 8. */
  readonly maxSteps?: number | undefined;
  /** Called after each step whose tools have run; true ends the run. */
  readonly stopWhen?: ((steps: readonly RunStep<Call>[]) => boolean | Promise<boolean>) | undefined;
  /** Called after each step, and awaited before the next one. */
  readonly onStep?: ((step: RunStep<Call>) => unknown) | undefined;
  /** Maximum number of tools that run at the same time. Default 16. */
  readonly maxParallelTools?: number | undefined;
  /** Maximum bytes of text of one tool result; the rest is cut, and the model is told. Default 262,144. */
  readonly maxToolResultBytes?: number | undefined;
  /** Ids of pending calls at the end of the input that are executed now, although they need approval. */
  readonly approved?: readonly string[] | undefined;
}

/** The options of a run: those of a call, with `tools`, and those of the loop. */
export type RunOptions<Options, Tools extends ToolsInput, Call extends ToolCall = ToolCall> = Options & {
  readonly tools?: Tools | undefined;
} & RunControl<Call>;

type Limits = Required<{ [name in "maxSteps" | "maxParallelTools" | "maxToolResultBytes"]: number }>;

export interface RunSettings extends Limits, Pick<RunControl, "stopWhen" | "onStep"> {
  readonly approved: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly tools: readonly ToolInput[];
  /** What the provider is told of the tools. */
  readonly definitions: readonly ToolInput[];
  /** The options of each call. */
  readonly call: CallOptions;
  readonly maxInputBytes: number | undefined;
}

const RULES: OptionRules<RunControl & { readonly signal?: AbortSignal }> = {
  maxSteps: COUNT,
  stopWhen: FUNCTION,
  onStep: FUNCTION,
  maxParallelTools: COUNT,
  maxToolResultBytes: COUNT,
  approved: TEXTS,
  signal: SIGNAL,
};

const DEFAULTS: Limits = { maxSteps: 8, maxParallelTools: 16, maxToolResultBytes: 262_144 };

/** @throws ModelError `invalid_request` for a wrong option of the loop, or of its calls. */
export function readRunOptions(options: RunOptions<CallOptions, ToolsInput> | undefined, model: string): RunSettings {
  const { maxSteps, stopWhen, onStep, maxParallelTools, maxToolResultBytes, approved, signal, tools, ...call } =
    options ?? {};
  const control = { maxSteps, stopWhen, onStep, maxParallelTools, maxToolResultBytes, approved, signal };
  checkOptions(control, RULES, `${model}: run`);
  const { samples = 1 } = call;
  if (samples !== 1) throw invalidOption(`${model}: run: samples must be 1, because a run goes on from one answer`);
  const list = toolList(tools ?? []);
  const definitions = Array.isArray(list) ? list.map(definitionOf) : list;
  const { input } = readCallOptions({ ...call, tools: definitions as ToolsInput }, model);
  return {
    call,
    maxInputBytes: input.maxInputBytes,
    tools: list,
    definitions: definitions as readonly ToolInput[],
    ...{ stopWhen, onStep, signal, approved: approved ?? [] },
    maxSteps: maxSteps ?? DEFAULTS.maxSteps,
    maxParallelTools: maxParallelTools ?? DEFAULTS.maxParallelTools,
    maxToolResultBytes: maxToolResultBytes ?? DEFAULTS.maxToolResultBytes,
  };
}
