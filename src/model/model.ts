import { supportedParams } from "../core/adapt.ts";
import { type Call, type CallInput, CallRecord } from "../core/call.ts";
import { Cancellation } from "../core/cancellation.ts";
import type { Clock } from "../core/clock.ts";
import { addCost, type Cost, costOf, NO_COST } from "../core/cost.ts";
import type { Dialect } from "../core/dialect.ts";
import { isModelError, ModelError, type PartialAnswer } from "../core/error.ts";
import { estimateTokens } from "../core/estimate.ts";
import { readInput } from "../core/input.ts";
import type { Next } from "../core/layer.ts";
import type { Message } from "../core/message.ts";
import { type Reply, ReplyFold } from "../core/reply.ts";
import { EMPTY_REQUEST } from "../core/request.ts";
import { type Scope, scopePath } from "../core/scope.ts";
import { Shown } from "../core/shown.ts";
import type { InferOutput, StandardSchema } from "../core/standard-schema.ts";
import type { Capabilities, Capability, Target } from "../core/target.ts";
import type { Transport } from "../core/transport.ts";
import { usageOf } from "../core/usage.ts";
import { readCallOptions } from "./call-options.ts";
import { countTokens } from "./count-tokens.ts";
import { askObject, type ObjectReply, type ObjectStream, streamObject } from "./object.ts";
import type { CallOptions } from "./options.ts";
import type { OptionsFor } from "./options-for.ts";
import { joinSamples, openSamples, planSamples } from "./samples.ts";
import { Session, type SessionOptions } from "./session.ts";
import { ModelStream, type Opened } from "./stream.ts";

export type Input = string | readonly Message[] | readonly OpenAIMessage[];

/** OpenAI's shape of a message, accepted as input. */
export interface OpenAIMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content?: unknown;
  readonly name?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
}

export type Outcome = { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly error: ModelError };

/** Tokens and money of a call before it is made. */
export interface Estimate {
  /** Tokens of the prompt. */
  readonly tokens: number;
  /** Most tokens of the answer; null when neither the call nor the catalog bounds it. */
  readonly maxOutput: number | null;
  /** What the prompt costs, in every request the samples need; null when the price is unknown. */
  readonly usd: number | null;
  /** What prompt and longest answers cost; null when the price or the bound is unknown. */
  readonly maxUsd: number | null;
}

declare const CAN: unique symbol;

/** What a model works with; made by the factory. */
export interface ModelContext {
  readonly name: string;
  readonly target: Target;
  /** All that may answer first: the target, or the members of a group. */
  readonly targets: readonly Target[];
  readonly dialect: Dialect;
  /** Whether every target of the chain can be asked for several answers in one request. */
  readonly manySamples: boolean;
  /** Whether a target of the chain goes on with answers that ran into their token limit. */
  readonly continuesOnLength: boolean;
  readonly run: Next;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly config: Readonly<Record<string, unknown>>;
  /** Throws when the factory is closed. */
  readonly checkOpen: () => void;
}

/**
 * One entry of models.toml, ready to be called. Each method builds the request, runs it and folds its events.
 *
 * `Can` is what the model is known to do, as `modelwright types` declares it: options that need what it lacks do not
 * compile. `Model` alone takes all options, and every model is one; `Model<{ tools: true }>` is one that has tools.
 */
export class Model<Can = unknown, Options extends CallOptions = OptionsFor<Can>> {
  /** Never there: what makes a `Model<{ tools: true }>` out of models that have tools only. */
  declare readonly [CAN]?: Can;
  /** The entry's name in models.toml. */
  readonly name: string;
  /** Whom it was created for: its calls are counted there, in `factory.usage("scope")`. */
  readonly scope: Scope | undefined;
  readonly #scopes: readonly string[] | undefined;
  readonly #current: () => ModelContext;

  /** `current` is asked once for each call, which then keeps what it was given. */
  constructor(name: string, current: () => ModelContext, scope?: Scope) {
    this.name = name;
    this.scope = scope;
    this.#scopes = scope && scopePath(scope);
    this.#current = current;
  }

  /** The entry's settings as resolved, frozen, secrets masked. */
  get config(): Readonly<Record<string, unknown>> {
    return this.#current().config;
  }

  /**
   * One complete answer.
   * @throws ModelError for every way the call can end without one; `error.code` says which.
   */
  async codegen(input: Input, options?: Options): Promise<Reply> {
    const prepared = this.#prepare(input, options);
    const calls = planSamples(prepared.input, prepared.batchSize).map((samples, batch) =>
      collect(open({ ...prepared, samples, batch, streaming: false })),
    );
    return calls.length === 1 ? (calls[0] as Promise<Reply>) : joinSamples(calls);
  }

  /** Like codegen, but never throws for a failed call. */
  async safeCodegen(input: Input, options?: Options): Promise<Outcome> {
    try {
      return { ok: true, reply: await this.codegen(input, options) };
    } catch (error) {
      if (isModelError(error)) return { ok: false, error };
      // Not a failed call but something handed to it, for example an options object whose getter throws.
      const words = error instanceof Error ? error.message : String(error);
      const message = `${this.name}: the call could not be read: ${words}`;
      return { ok: false, error: new ModelError({ code: "invalid_request", message, model: this.name, cause: error }) };
    }
  }

  /** The answer while it is made. Nothing is sent before the first pull; bad input throws there too. */
  stream(input: Input, options?: Options): ModelStream {
    return new ModelStream(() => this.#openStream(input, options));
  }

  /**
   * A conversation that remembers its last messages; it sends nothing by itself.
   * @throws ModelError `invalid_request` for a `memory` or `messages` that cannot be used.
   */
  session(options?: SessionOptions): Session<Options> {
    return new Session<Options>(
      {
        model: this.name,
        codegen: (input, more) => this.codegen(input, more),
        open: (input, more) => this.#openStream(input, more),
      },
      options,
    );
  }

  /**
   * An answer that satisfies `schema` (zod, or any Standard Schema that can give JSON Schema), validated here.
   * @throws ModelError `invalid_output` when no answer does, after `options.repair` re-asks; `refused` when the model declines.
   */
  object<Schema extends StandardSchema>(
    schema: Schema,
    input: Input,
    options?: Options,
  ): Promise<ObjectReply<InferOutput<Schema>>> {
    const context = this.#current();
    // Its re-asks are part of one call.
    const pinned = new Model(this.name, () => context, this.scope);
    return askObject(pinned, schema, input, options, context.target.policy.repair);
  }

  /**
   * The object while it grows; `.object` and `.reply` give the whole. Nothing is repaired once it is out.
   *
   * @throws ModelError `invalid_request` for `options.repair`; `invalid_output` at the end when the schema is not satisfied.
   */
  streamObject<Schema extends StandardSchema>(
    schema: Schema,
    input: Input,
    options?: Options,
  ): ObjectStream<InferOutput<Schema>> {
    return streamObject(this, schema, input, options);
  }

  /** Tokens of a prompt: estimated here, or with `exact` counted by the provider (`unsupported` where it has no such endpoint). */
  async countTokens(input: Input, options?: CallOptions & { readonly exact?: boolean }): Promise<number> {
    const { exact = false, ...rest } = options ?? {};
    const prepared = this.#prepare(input, rest);
    return exact
      ? countTokens(prepared.context, callOf({ ...prepared, samples: 1, streaming: false }))
      : estimatePrompt(prepared);
  }

  /** Tokens and money of a call before it is made; sends nothing. */
  estimate(input: Input, options?: CallOptions): Estimate {
    const prepared = this.#prepare(input, options);
    const { target } = prepared.context;
    const tokens = estimatePrompt(prepared);
    const maxOutput =
      prepared.input.settings.maxNewTokens ?? target.settings.maxNewTokens ?? target.facts.maxOutput ?? null;
    const plan = planSamples(prepared.input, prepared.batchSize);
    const price = target.price();
    const request = (output: number) => costOf(usageOf({ input: tokens, output, estimated: true }), price);
    const of = (output: number) => plan.map((samples) => request(output * samples)).reduce(addCost, NO_COST).usd;
    return { tokens, maxOutput, usd: of(0), maxUsd: maxOutput === null ? null : of(maxOutput) };
  }

  /** Whether the model can do something; what nobody knows counts as yes. */
  supports(capability: Capability | SnakeCapability): boolean {
    const name = capability.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof Capabilities;
    return this.#current().targets.every(({ facts }) => facts.capabilities[name] !== false);
  }

  /** Parameters this model takes, in the spelling of models.toml; null when the model is unknown to the catalog. */
  supportedParams(): readonly string[] | null {
    const { target, dialect } = this.#current();
    return supportedParams(target, dialect);
  }

  toString(): string {
    return this.name;
  }

  #openStream(input: Input, options: CallOptions | undefined): Opened {
    const prepared = this.#prepare(input, options);
    const plan = planSamples(prepared.input, prepared.batchSize);
    return openSamples(plan.map((samples, batch) => () => open({ ...prepared, samples, batch, streaming: true })));
  }

  #prepare(input: Input, options: CallOptions | undefined): Prepared {
    const context = this.#current();
    context.checkOpen();
    const read = readCallOptions(options, this.name);
    const { target, manySamples } = context;
    if (read.input.samples > 1) refuseSameSamples(read.input, target);
    const batchSize = manySamples ? (read.batchSize ?? target.policy.batchSize) : 1;
    const own = { messages: readInput(input), scopes: this.#scopes };
    return { context, input: { ...own, ...read.input }, batchSize, signal: read.signal };
  }
}

function callOf({ context, input, samples, batch, streaming, signal }: Prepared & Shape): Call {
  const { target, transport, clock, random, continuesOnLength } = context;
  const cancellation = new Cancellation();
  if (signal !== undefined) cancellation.follow(signal);
  const record = new CallRecord(nextId(), clock.monotonic());
  const onBreak = streaming ? target.policy.onBreak : "restart";
  const goesOn =
    onBreak === "continue" || (input.continueOnLength === undefined ? continuesOnLength : input.continueOnLength > 0);
  if (goesOn && isOneText(input, target)) record.shown = new Shown();
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
    deadlineAtMs: undefined,
    record,
    transport,
    clock,
    random,
  };
}

function open(shape: Prepared & Shape): Opened {
  const call = callOf(shape);
  const fold = new ReplyFold();
  return {
    events: shape.context.run(call),
    note: (event) => fold.push(event),
    reply: () => replyOf(fold, call),
    failure: (error) => failureOf(error, fold, call),
    complete: () => fold.finished >= call.input.samples,
    cancel: (reason) => call.cancellation.cancel(reason),
  };
}

function estimatePrompt({ context, input }: Prepared): number {
  const { system, prelude, settings } = context.target;
  const instructions = input.system ?? system;
  const first: Message[] = instructions === undefined ? [] : [{ role: "system", content: instructions }];
  return estimateTokens(
    [...first, ...(input.prelude ?? prelude), ...input.messages],
    input.settings.tools ?? settings.tools,
  );
}

/** Capabilities as they are spelled under `capabilities` in models.toml. */
export type SnakeCapability = "parallel_tools" | "prompt_cache" | "json_schema" | "web_search";

/** A call that has been read: it keeps the context it began with. */
interface Prepared {
  readonly context: ModelContext;
  readonly input: CallInput;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
}
interface Shape {
  readonly samples: number;
  /** Which of the requests that the samples are spread over. */
  readonly batch?: number;
  readonly streaming: boolean;
}

/** Temperature 0 gives the same answer each time: several of them are a mistake, and they would all be paid. */
function refuseSameSamples(
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
    message: `${entry}: ${samples} samples at temperature 0 would be ${samples} times the same answer; raise temperature or ask for one`,
    model: entry,
  });
}

/** Whether another request may go on with an answer: only one text can be gone on with, and no JSON that is enforced. */
function isOneText({ samples, settings }: CallInput, target: Target): boolean {
  const format = settings.responseFormat ?? target.settings.responseFormat;
  return samples === 1 && (format === undefined || format.type === "text");
}

/** The input of one of several requests. Its number keeps the cache from taking them for the same question. */
function batchOf(input: CallInput, samples: number, batch = 0): CallInput {
  return { ...input, samples, batch };
}

let calls = 0;
function nextId(): string {
  calls += 1;
  return `call-${calls}`;
}

async function collect(opened: Opened): Promise<Reply> {
  try {
    for await (const batch of opened.events) for (const event of batch) opened.note(event);
    return opened.reply();
  } catch (error) {
    throw opened.failure(error);
  }
}

function replyOf(fold: ReplyFold, { record, clock }: Call): Reply {
  const latencyMs = clock.monotonic() - record.startedMs;
  return fold.reply({
    attempts: record.attempts,
    cost: record.cacheHit ? NO_COST : totalCost(record),
    latencyMs,
    firstTokenMs: record.firstTokenMs,
    requestId: record.requestId,
    rateLimit: record.rateLimit,
    raw: record.raw,
  });
}

/** Of all attempts; flagged as estimated when one may have been billed without telling its usage. */
function totalCost({ attempts }: CallRecord): Cost {
  let total = NO_COST;
  for (const { cost, possiblyBilled } of attempts) {
    if (cost !== undefined) total = addCost(total, cost);
    if (possiblyBilled && cost === undefined) total = { ...total, estimated: true };
  }
  return total;
}

/** A decoder knows the broken tool call, the fold all that came before it. */
function mergePartial(seen: PartialAnswer, told: PartialAnswer | undefined): PartialAnswer {
  if (told === undefined) return seen;
  return { ...seen, ...told, text: told.text || seen.text, reasoning: told.reasoning || seen.reasoning };
}

function failureOf(error: unknown, fold: ReplyFold, { record }: Call): unknown {
  if (!isModelError(error)) return error;
  const partial = fold.partial();
  if (partial !== undefined) error.partial = mergePartial(partial, error.partial);
  error.attempts = record.attempts;
  return error;
}
