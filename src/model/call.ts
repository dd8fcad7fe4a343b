import type { Billable } from "../core/billing.ts";
import { type Call, type CallInput, CallRecord, type GivenDeadline } from "../core/call.ts";
import { newCallId } from "../core/call-id.ts";
import { replyOf } from "../core/call-reply.ts";
import { Cancellation } from "../core/cancellation.ts";
import type { Clock } from "../core/clock.ts";
import { DeliveredText } from "../core/delivered-text.ts";
import type { Dialect } from "../core/dialect.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { estimateTokens } from "../core/estimate.ts";
import type { Next } from "../core/layer.ts";
import type { Message } from "../core/message.ts";
import type { PartialAnswer } from "../core/partial-answer.ts";
import { ReplyFold } from "../core/reply.ts";
import { EMPTY_REQUEST } from "../core/request.ts";
import { settingsSent } from "../core/supported-settings.ts";
import type { Target } from "../core/target.ts";
import type { Transport } from "../core/transport.ts";
import { timedOut } from "../layers/timeout.ts";
import type { CallProgress, Opened } from "./reading.ts";

/** What a model needs for its calls; created by the factory. */
export interface ModelContext {
  readonly name: string;
  readonly target: Target;
  /** The possible first targets: the target, or the members of a group. */
  readonly targets: readonly Target[];
  readonly dialect: Dialect;
  /** Whether every target of the chain supports several samples in one request. */
  readonly manySamples: (input: Pick<CallInput, "messages" | "settings">) => boolean;
  /** Whether a target of the chain continues answers that reached the token limit. */
  readonly continuesOnLength: boolean;
  readonly run: Next;
  /**
   * How it computes embeddings.
   * @throws ModelError `unsupported` for a group of different models.
   */
  readonly embeddings: () => EmbeddingRoute;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly config: Readonly<Record<string, unknown>>;
  /** Throws if the factory is closed; `running`: the call began before. */
  readonly checkOpen: (running?: boolean) => void;
}

/** The context of a call with several requests: it is running from the second one on. */
export function contextOfRequests(context: ModelContext): ModelContext {
  let running = false;
  const checkOpen = () => {
    context.checkOpen(running);
    running = true;
  };
  return { ...context, checkOpen };
}

/** The pipeline of embedding calls. */
export interface EmbeddingRoute {
  readonly run: Next;
  /** Every target that may be asked, the first one first; all serve the same model. */
  readonly targets: readonly [Target, ...Target[]];
}

export function callOf(shape: Prepared & Shape): Call {
  const { context, input, samples, batch, streaming, signal, deadlineAtMs, deadlineOf, traceId } = shape;
  const { target, transport, clock, random, continuesOnLength } = context;
  const cancellation = new Cancellation();
  if (signal !== undefined) cancellation.follow(signal);
  const record = new CallRecord(newCallId(clock.now()), clock.monotonic());
  record.traceId = traceId ?? record.traceId;
  const onBreak = streaming ? target.policy.onBreak : "restart";
  const goesOn =
    onBreak === "continue" || (input.continueOnLength === undefined ? continuesOnLength : input.continueOnLength > 0);
  if (goesOn && isOneText(input, target)) record.delivered = new DeliveredText();
  return {
    input: samples === input.samples ? input : batchOf(input, samples, batch),
    target,
    request: EMPTY_REQUEST,
    streaming,
    onBreak,
    cancellation,
    credential: undefined,
    tryIndex: 0,
    fallbackRemains: false,
    deadlineAtMs,
    deadlineOf,
    record,
    transport,
    clock,
    random,
  };
}

export function open(shape: Prepared & Shape): Opened {
  const call = callOf(shape);
  const fold = new ReplyFold();
  return {
    events: shape.context.run(call),
    clock: call.clock,
    note: (event) => fold.push(event),
    reply: () => replyOf(fold, call),
    failure: (error) => failureOf(error, fold, call),
    complete: () => fold.finished >= call.input.samples,
    progress: () => progressOf(call),
    cancel: (reason) => call.cancellation.cancel(reason),
    onCancel: (listener) => void call.cancellation.onCancel(listener),
    pauseLimitMs: () => call.record.read?.policy.attemptTimeoutMs,
    pausedTooLong: () => pausedTooLong(call),
  };
}

function progressOf({ record }: Call): CallProgress {
  const { id: callId, attempts, cached, rateLimit } = record;
  return { callId, attempts, cached, rateLimit };
}

function pausedTooLong(call: Call): ModelError {
  const target = call.record.read ?? call.target;
  return timedOut({ target }, "attempt", target.policy.attemptTimeoutMs, "the reader did not read the stream");
}

export function estimatePrompt(prepared: Prepared): number {
  const { context, input } = prepared;
  const { settings } = context.target;
  const format = input.settings.responseFormat ?? settings.responseFormat;
  return estimateTokens(promptOf(prepared), input.settings.tools ?? settings.tools, format);
}

function promptOf({ context, input }: Prepared): readonly Message[] {
  const { system, prelude } = context.target;
  const instructions = input.system ?? system;
  const first: Message[] = instructions === undefined ? [] : [{ role: "system", content: instructions }];
  return [...first, ...(input.prelude ?? prelude), ...input.messages];
}

/** The parts of a call that affect its cost, as they are sent to the target. */
export function billableOf(prepared: Prepared): Billable {
  const { context, input } = prepared;
  return {
    messages: promptOf(prepared),
    settings: settingsSent(input, context.target, context.dialect),
    extraBody: { ...context.target.extraBody, ...input.extraBody },
  };
}

/** A validated call, with the context at its start. */
export interface Prepared {
  readonly context: ModelContext;
  readonly input: CallInput;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
}

interface Shape {
  readonly samples: number;
  /** Index of the request, if the samples need several. */
  readonly batch?: number;
  readonly streaming: boolean;
  /** The deadline of the run that the call belongs to, or of a client, on the monotonic clock. */
  readonly deadlineAtMs?: number | undefined;
  readonly deadlineOf?: GivenDeadline | undefined;
  readonly traceId?: string | undefined;
}

/** Temperature 0 gives the same answer each time, so several samples would be billed without a benefit. */
export function checkTemperature(
  { samples, settings }: Omit<CallInput, "messages">,
  { entry, settings: own, facts }: Target,
): void {
  if (
    (settings.temperature ?? own.temperature) !== 0 ||
    facts.lacks?.includes("temperature") ||
    facts.capabilities.temperature === false
  )
    return;
  throw new ModelError({
    code: "invalid_request",
    message: `${entry}: ${samples} samples at temperature 0 would return the same answer ${samples} times; raise temperature or request one`,
    model: entry,
  });
}

/** Whether another request may continue the answer: only a single text that is not enforced JSON. */
function isOneText({ samples, settings, embedding }: CallInput, target: Target): boolean {
  const format = settings.responseFormat ?? target.settings.responseFormat;
  return embedding === undefined && samples === 1 && (format === undefined || format.type === "text");
}

/** The input of one of several requests. Its index gives each one its own cache key. */
function batchOf(input: CallInput, samples: number, batch = 0): CallInput {
  return { ...input, samples, batch };
}

export async function collect<Event extends { readonly type: string }, Result>(
  opened: Opened<Event, Result>,
): Promise<Result> {
  try {
    for await (const batch of opened.events) for (const event of batch) opened.note(event);
    return opened.reply();
  } catch (error) {
    throw opened.failure(error);
  }
}

/** Combines the partial answer of the decoder, which has the malformed tool call, with the events before it. */
function mergePartial(seen: PartialAnswer, told: PartialAnswer | undefined): PartialAnswer {
  if (told === undefined) return seen;
  return { ...seen, ...told, text: joined(seen.text, told.text), reasoning: told.reasoning || seen.reasoning };
}

/** Appends the failed text to the delivered text, unless one contains the other. */
function joined(seen: string, told: string): string {
  if (told === "") return seen;
  return told.startsWith(seen) || seen.startsWith(told) ? told : seen + told;
}

function failureOf(error: unknown, fold: ReplyFold, { record }: Call): unknown {
  if (!isModelError(error)) return error;
  const partial = fold.partial();
  if (partial !== undefined) error.partial = mergePartial(partial, error.partial);
  error.attempts = record.attempts;
  error.callId = record.id;
  return error;
}
