import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { scheduleLimit } from "../core/clock.ts";
import { addCost, type Cost, NO_COST } from "../core/cost.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { FlowEvent, ModelEvent } from "../core/event.ts";
import type { Input } from "../core/input.ts";
import type { Message } from "../core/message.ts";
import type { ToolsInput } from "../core/option-values.ts";
import { maxPromptBytes } from "../core/prompt-size.ts";
import type { Reply } from "../core/reply.ts";
import type { RunStep, ToolResult } from "../core/run-step.ts";
import type { ToolCall } from "../core/tool.ts";
import { addUsage, NO_USAGE, type Usage } from "../core/usage.ts";
import { timedOut } from "../layers/timeout.ts";
import type { ModelContext } from "./call.ts";
import type { CallOptions } from "./options.ts";
import { type ReadLimits, readMedia } from "./read-media.ts";
import type { Opened } from "./reading.ts";
import { invalidRun, messageOf, openCallsAtEnd, readConversation } from "./run-conversation.ts";
import { type RunOptions, type RunSettings, readRunOptions } from "./run-options.ts";
import { type Plan, RunTools, runTools } from "./tool-calls.ts";

/**
 * Why a run ended: the model answered without tool calls, or its answer was cut or filtered ("done"); `maxSteps` was reached;
 * `stopWhen` returned true; or calls wait for the caller.
 */
export type StopReason = "done" | "max-steps" | "stopped" | "pending";

export interface RunResult<Call extends ToolCall = ToolCall> {
  /** The last answer. */
  readonly reply: Reply<Call>;
  /** The input and everything after it. `model.run(messages)` goes on; pending calls need their tool results first. */
  readonly messages: readonly Message[];
  readonly steps: readonly RunStep<Call>[];
  /** Of all steps. */
  readonly usage: Usage;
  /** Of all attempts of all steps. */
  readonly cost: Cost;
  readonly stopReason: StopReason;
  /** The calls without a result: their tool has no `execute`, or needs approval. */
  readonly pending: readonly Call[];
}

/** An event of a run: those of its answers, each tool result as it arrives, and the end of each step. */
export type RunEvent = ModelEvent | LoopEvent;

type LoopEvent =
  | { readonly type: "tool-result"; readonly result: ToolResult }
  | { readonly type: "step"; readonly step: RunStep };

/** Every event of a run, before those for the fold are left out. */
export type RunFlowEvent = FlowEvent | LoopEvent;

/** The part of a call that its run decides. */
export interface StepCall {
  readonly options: CallOptions;
  readonly deadlineAtMs: number | undefined;
  readonly traceId: string | undefined;
}

export interface RunParts {
  readonly model: string;
  readonly context: ModelContext;
  readonly open: (messages: readonly Message[], call: StepCall) => Opened;
}

/** The calls whose tools are running, and the results so far. */
interface Answering {
  readonly calls: readonly ToolCall[];
  readonly results: ToolResult[];
}

/** A run: asks the model, runs the tools it calls, and asks again with their results. */
export class Run implements Opened<RunFlowEvent, RunResult> {
  readonly events: AsyncIterable<readonly RunFlowEvent[]>;
  readonly clock: ModelContext["clock"];
  readonly #parts: RunParts;
  readonly #settings: RunSettings;
  readonly #tools: RunTools;
  readonly #cancellation = new Cancellation();
  readonly #steps: RunStep[] = [];
  readonly #deadlineAtMs: number | undefined;
  #messages: readonly Message[];
  #current: Opened | undefined;
  #pending: readonly ToolCall[] = [];
  #answering: Answering | undefined;
  #stopReason: StopReason | undefined;

  /** @throws ModelError `invalid_request` for invalid input, options or tools. */
  constructor(parts: RunParts, input: Input, options: RunOptions<CallOptions, ToolsInput> | undefined) {
    this.#parts = parts;
    this.#settings = readRunOptions(options, parts.model);
    const { context } = parts;
    const declared = context.target.settings.tools ?? [];
    this.#tools = new RunTools(
      this.#settings.tools,
      declared.map(({ name }) => name),
    );
    this.#messages = readConversation(input, this.#settings.approved, parts.model);
    this.clock = context.clock;
    const { deadlineMs } = context.target.policy;
    if (deadlineMs !== undefined) this.#deadlineAtMs = this.clock.monotonic() + deadlineMs;
    if (this.#settings.signal !== undefined) this.#cancellation.follow(this.#settings.signal);
    this.events = this.#run();
  }

  get #reading(): ReadLimits {
    const { target } = this.#parts.context;
    return { maxBytes: maxPromptBytes(this.#settings, target), cancellation: this.#cancellation };
  }

  /** The run itself tells each answer its events. */
  note(): void {}

  reply(): RunResult {
    const { reply } = this.#steps.at(-1) as RunStep;
    const replies = this.#steps.map((step) => step.reply);
    return {
      reply,
      messages: this.#messages,
      steps: this.#steps,
      usage: replies.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
      cost: replies.map(({ cost }) => cost).reduce(addCost, NO_COST),
      stopReason: this.#stopReason ?? "done",
      pending: this.#pending,
    };
  }

  /** The error, with the attempts of all steps and what was done before. */
  failure(error: unknown): unknown {
    const failure = this.#current === undefined ? error : this.#current.failure(error);
    if (!isModelError(failure)) return failure;
    failure.attempts = [...this.#steps.flatMap(({ reply }) => reply.attempts), ...failure.attempts];
    const messages = this.#conversation();
    failure.run = { messages, steps: this.#steps, pending: openCallsAtEnd(messages) };
    return failure;
  }

  complete(): boolean {
    return this.#stopReason !== undefined;
  }

  cancel(reason: ModelError): void {
    this.#cancellation.cancel(reason);
  }

  onCancel(listener: (reason: ModelError) => void): void {
    this.#cancellation.onCancel(listener);
  }

  pauseLimitMs(): number | undefined {
    return this.#current?.pauseLimitMs();
  }

  pausedTooLong(): ModelError {
    return (this.#current as Opened).pausedTooLong();
  }

  async *#run(): AsyncGenerator<readonly RunFlowEvent[]> {
    const off = this.#startDeadline();
    try {
      this.#messages = await readMedia(this.#messages, this.#reading);
      if (this.#settings.approved.length > 0) yield* this.#runApproved();
      while (this.#stopReason === undefined) yield* this.#step();
    } finally {
      off?.();
      this.#cancellation.release();
    }
  }

  #startDeadline(): (() => void) | undefined {
    if (this.#deadlineAtMs === undefined) return undefined;
    const { target } = this.#parts.context;
    const { deadlineMs = 0 } = target.policy;
    return scheduleLimit(this.clock, () => this.cancel(timedOut({ target }, "deadline", deadlineMs)), deadlineMs);
  }

  async *#step(): AsyncGenerator<readonly RunFlowEvent[]> {
    const reply = yield* this.#ask();
    this.#messages = [...this.#messages, reply.message];
    const toolResults: ToolResult[] = [];
    const step: RunStep = { reply, toolResults };
    this.#steps.push(step);
    yield* this.#answer(reply.toolCalls, toolResults, (call) => this.#planFor(call, reply));
    this.#stopReason = await this.#stopAfter(step);
    yield [{ type: "step", step }];
  }

  async *#ask(): AsyncGenerator<readonly RunFlowEvent[], Reply> {
    this.#cancellation.throwIfCancelled();
    const opened = this.#parts.open(this.#messages, {
      options: this.#optionsOfStep(),
      deadlineAtMs: this.#deadlineAtMs,
      traceId: this.#steps[0]?.reply.callId,
    });
    this.#current = opened;
    const offCancel = this.#cancellation.onCancel((reason) => opened.cancel(reason));
    // What cancels the call while the reader pauses ends the run.
    opened.onCancel((reason) => this.cancel(reason));
    try {
      for await (const batch of opened.events) {
        for (const event of batch) opened.note(event);
        yield batch;
      }
      const reply = opened.reply();
      this.#current = undefined;
      return reply;
    } finally {
      offCancel();
    }
  }

  /** After the first step the model decides whether it needs a tool; otherwise it could never answer. */
  #optionsOfStep(): CallOptions {
    const { call, definitions } = this.#settings;
    const options = definitions.length === 0 ? call : { ...call, tools: definitions };
    const choice = call.toolChoice ?? this.#parts.context.target.settings.toolChoice;
    const isForced = choice === "required" || typeof choice === "object";
    return this.#steps.length > 0 && isForced ? { ...options, toolChoice: "auto" } : options;
  }

  #planFor(call: ToolCall, { finishReason }: Reply): Plan | Promise<Plan> {
    const incomplete = INCOMPLETE[finishReason];
    if (incomplete === undefined) return this.#tools.plan(call, NOT_APPROVED);
    return { call, kind: "failed", problem: `not executed: ${incomplete}` };
  }

  /** Runs tools; their results are in `results`, and then in the conversation, in the order of the calls. */
  async *#answer(
    calls: readonly ToolCall[],
    results: ToolResult[],
    plan: (call: ToolCall) => Plan | Promise<Plan>,
  ): AsyncGenerator<readonly RunFlowEvent[]> {
    this.#cancellation.throwIfCancelled();
    this.#answering = { calls, results };
    const plans = await unlessCancelled(Promise.all(calls.map(plan)), this.#cancellation);
    this.#pending = plans.filter(({ kind }) => kind === "pending").map(({ call }) => call);
    const runnable = plans.filter((one) => one.kind !== "pending");
    const { maxParallelTools, maxToolResultBytes } = this.#settings;
    const around = { clock: this.clock, ...this.#reading, messages: this.#messages };
    const tools = runTools(runnable, { ...around, maxParallelTools, maxToolResultBytes }, results);
    for await (const result of tools) yield [{ type: "tool-result", result }];
    sortBy(results, calls);
    this.#messages = this.#conversation();
    this.#answering = undefined;
  }

  /** With the results so far, so that nothing that has run is lost when the run ends here. */
  #conversation(): readonly Message[] {
    const { calls, results } = this.#answering ?? NOTHING_ANSWERED;
    return results.length === 0 ? this.#messages : [...this.#messages, messageOf(sortBy([...results], calls))];
  }

  async #stopAfter(step: RunStep): Promise<StopReason | undefined> {
    const { onStep, stopWhen, maxSteps } = this.#settings;
    const { reply } = step;
    await this.#callersWord("onStep", () => onStep?.(step));
    if (reply.toolCalls.length === 0 || INCOMPLETE[reply.finishReason] !== undefined) return "done";
    if (this.#pending.length > 0) return "pending";
    if (await this.#callersWord("stopWhen", () => stopWhen?.(this.#steps))) return "stopped";
    return this.#steps.length >= maxSteps ? "max-steps" : undefined;
  }

  async #callersWord<T>(name: string, ask: () => T): Promise<Awaited<T>> {
    try {
      return await unlessCancelled((async () => await ask())(), this.#cancellation);
    } catch (cause) {
      if (cause === this.#cancellation.reason) throw cause;
      const message = `${this.#parts.model}: ${name} threw an error, see cause; error.run has the steps before`;
      throw new ModelError({ code: "rejected", message, model: this.#parts.model, cause });
    }
  }

  /** The approved calls at the end of the conversation, before the model is asked. */
  async *#runApproved(): AsyncGenerator<readonly RunFlowEvent[]> {
    const approved = new Set(this.#settings.approved);
    yield* this.#answer(openCallsAtEnd(this.#messages), [], async (call) => {
      const plan = await this.#tools.plan(call, approved);
      if (plan.kind !== "pending") return plan;
      const why = `approved: no tool "${call.name}" with execute is among the tools; append the result of "${call.id}"`;
      throw invalidRun(this.#parts.model, why);
    });
  }
}

const NOT_APPROVED: ReadonlySet<string> = new Set();

/** Finish reasons of answers whose tool calls are not executed. */
const INCOMPLETE: { readonly [reason in Reply["finishReason"]]?: string } = {
  length: "the answer was cut off by the token limit",
  "content-filter": "the answer was filtered",
  refusal: "the model declined",
};

const NOTHING_ANSWERED: Answering = { calls: [], results: [] };

function sortBy(results: ToolResult[], calls: readonly ToolCall[]): ToolResult[] {
  const order = new Map(calls.map(({ id }, index) => [id, index]));
  return results.sort((left, right) => Number(order.get(left.id)) - Number(order.get(right.id)));
}
