import { missingPrice } from "../core/billing.ts";
import { bindMethods } from "../core/bind-methods.ts";
import type { GivenDeadline } from "../core/call.ts";
import { invalidOption } from "../core/check-options.ts";
import { addCost, costOf, NO_COST } from "../core/cost.ts";

import type { FlowEvent } from "../core/event.ts";
import { type Input, readCallInput } from "../core/input.ts";
import { hasPendingMedia, refusePending } from "../core/media-source.ts";

import type { Message } from "../core/message.ts";
import type { ToolsInput } from "../core/option-values.ts";
import type { Reply } from "../core/reply.ts";
import type { SameWire } from "../core/same-wire.ts";
import { type Scope, scopePath } from "../core/scope.ts";
import { CAPABILITIES } from "../core/setting-capabilities.ts";
import type { InferOutput, StandardSchema } from "../core/standard-schema.ts";
import { nearest } from "../core/suggest.ts";
import { supportedParams } from "../core/supported-settings.ts";
import type { Capability, Target } from "../core/target.ts";
import { usageOf } from "../core/usage.ts";
import {
  billableOf,
  checkTemperature,
  collect,
  contextOfRequests,
  estimatePrompt,
  type ModelContext,
  open,
  type Prepared,
} from "./call.ts";
import { readCallOptions } from "./call-options.ts";
import { countTokens } from "./count-tokens.ts";
import { type EmbedCaller, type EmbeddingReply, type EmbedOptions, embedTexts } from "./embed.ts";
import { EventBatches } from "./event-batches.ts";
import { type Ask, askObject, type ObjectReply, type ObjectStream, streamObject } from "./object.ts";
import { openedLater } from "./opened-later.ts";
import type { CallOptions } from "./options.ts";
import type { OptionsFor } from "./options-for.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { withMedia } from "./prepared-media.ts";
import type { Opened } from "./reading.ts";
import { Run, type RunResult, type StepCall } from "./run.ts";
import type { RunOptions } from "./run-options.ts";
import { RunStream } from "./run-stream.ts";
import { joinSamples, openSamples, planSamples } from "./samples.ts";
import { Session, type SessionOptions } from "./session.ts";
import { ModelStream } from "./stream.ts";
import { decodeTokens, encodeText, encodingOf } from "./tokenizer.ts";
import type { ToolCallOf, WithTools } from "./tool.ts";

/** Estimated tokens and cost of a call. */
export interface Estimate {
  /** Tokens of the prompt. */
  readonly tokens: number;
  /** Maximum tokens of the answer; null if neither the call nor the catalog has a limit. */
  readonly maxOutput: number | null;
  /** Cost of the prompt, in all requests that the samples need; null if a price is unknown, such as that of a service tier, a search or audio. */
  readonly usd: number | null;
  /** Cost of the prompt and answers of maximum length; null if the price or the limit is unknown. */
  readonly maxUsd: number | null;
}

declare const CAN: unique symbol;

type LooseRunOptions = RunOptions<CallOptions, ToolsInput> | undefined;

/** How a call is made, beside its options. */
export interface CallShape {
  /** Whether the answer is shown as it arrives; otherwise the provider is asked for one body, as by codegen. */
  readonly streaming: boolean;
  /** On the monotonic clock. */
  readonly deadlineAtMs?: number | undefined;
  readonly deadlineOf?: GivenDeadline | undefined;
  /** The name of the gateway's key that the caller has. */
  readonly gatewayKey?: string | undefined;
  /** What the client sent and only its wire format has. */
  readonly sameWire?: SameWire | undefined;
}

/** What a server knows of the client that asks for a count. */
export interface CountCaller {
  readonly sameWire: SameWire;
  readonly deadline: GivenDeadline | undefined;
}

interface Inside {
  readonly current: () => ModelContext;
  readonly open: (input: Input, options: CallOptions | undefined, shape?: CallShape) => Opened;
  readonly embed: (texts: readonly string[], options: EmbedOptions, caller: EmbedCaller) => Promise<EmbeddingReply>;
  readonly count: (input: Input, options: CallOptions, caller: CountCaller) => Promise<number>;
}
const INSIDES = new WeakMap<Model, Inside>();

/** The context of the next call of a model; `undefined` for an object that only looks like one. */
export function contextOf(model: Model): ModelContext | undefined {
  return INSIDES.get(model)?.current();
}

/**
 * `model.stream()` for adapters: `note` gets every event in order, also those that only the reply is folded from, such as
 * signatures. When an event is read, `note` has got it and those before it.
 */
export function notedStream(
  model: Model,
  input: Input,
  options: CallOptions | undefined,
  note: (event: FlowEvent) => void,
): ModelStream {
  return new ModelStream(() => {
    const opened = (INSIDES.get(model) as Inside).open(input, options);
    const noteBoth = (event: FlowEvent) => {
      opened.note(event);
      note(event);
    };
    return { ...opened, note: noteBoth };
  });
}

/** A call for servers, which write its events to a client batch by batch. */
export function eventBatches(model: Model, input: Input, options: CallOptions, shape: CallShape): EventBatches {
  return new EventBatches(() => (INSIDES.get(model) as Inside).open(input, options, shape));
}

/** `model.embed()` for servers. */
export function embedFor(
  model: Model,
  texts: readonly string[],
  options: EmbedOptions,
  caller: Pick<EmbedCaller, "gatewayKey" | "deadline">,
): Promise<EmbeddingReply> {
  return (INSIDES.get(model) as Inside).embed(texts, options, caller);
}

/** `model.countTokens()` with the provider, for servers. */
export function countFor(model: Model, input: Input, options: CallOptions, caller: CountCaller): Promise<number> {
  return (INSIDES.get(model) as Inside).count(input, options, caller);
}

/**
 * A model: one entry of models.toml.
 *
 * `Can` lists the capabilities that `modelwright types` declares: options for a missing capability do not compile. `Model`
 * without `Can` accepts all options, and every model is assignable to it; `Model<{ tools: true }>` is a model with tools.
 */
export class Model<Can = unknown, Options extends CallOptions = OptionsFor<Can>> {
  /** Exists only in the type: makes only models with tools assignable to `Model<{ tools: true }>`. */
  declare readonly [CAN]?: Can;
  /** The entry's name in models.toml. */
  readonly name: string;
  /** The scope it was created for; `factory.usage("scope")` counts its calls there. */
  readonly scope: Scope | undefined;
  readonly #scopes: readonly string[] | undefined;
  readonly #current: () => ModelContext;

  /** `current` is called once per call; the call keeps its result. */
  constructor(name: string, current: () => ModelContext, scope?: Scope) {
    this.name = name;
    this.scope = scope;
    this.#scopes = scope && scopePath(scope);
    this.#current = current;
    const open: Inside["open"] = (input, options, shape) => this.#openStream(input, options, shape);
    const embed: Inside["embed"] = (texts, options, caller) => this.#embed(texts, options, caller);
    const count: Inside["count"] = async (input, options, { sameWire, deadline }) => {
      const prepared = await withMedia(this.#prepare(input, options));
      return countTokens({ ...prepared, input: { ...prepared.input, sameWire } }, deadline);
    };
    INSIDES.set(this as unknown as Model, { current, open, embed, count });
    bindMethods(this, Model);
  }

  /** The resolved settings of the entry, frozen, with masked secrets. */
  get config(): Readonly<Record<string, unknown>> {
    return this.#current().config;
  }

  /**
   * One complete answer.
   * @throws ModelError if the call fails; `error.code` says why.
   */
  async codegen<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: Options & WithTools<Tools>,
  ): Promise<Reply<ToolCallOf<Tools>>> {
    return complete(this.#prepare(input, options)) as Promise<Reply<ToolCallOf<Tools>>>;
  }

  /** Like codegen, but never throws for a failed call. */
  async safeCodegen<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: Options & WithTools<Tools>,
  ): Promise<Outcome<Reply<ToolCallOf<Tools>>>> {
    return outcomeOf(this.name, () => this.codegen<Tools>(input, options));
  }

  /** The answer as a stream. Nothing is sent before the first read, which also throws for invalid input. */
  stream<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: Options & WithTools<Tools>,
  ): ModelStream<ToolCallOf<Tools>> {
    return new ModelStream(() => this.#openStream(input, options));
  }

  /**
   * Asks the model, runs the tools it calls, and asks again with their results, until it answers without calls. Budgets,
   * deadline and `signal` span all steps.
   * @throws ModelError like codegen; `error.run` has the steps before.
   */
  async run<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: RunOptions<Options, Tools, ToolCallOf<Tools>>,
  ): Promise<RunResult<ToolCallOf<Tools>>> {
    return collect(this.#openRun(input, options as LooseRunOptions, false)) as Promise<RunResult<ToolCallOf<Tools>>>;
  }

  /** The same as a stream. Nothing is sent before the first read, which also throws for invalid input. */
  runStream<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: RunOptions<Options, Tools, ToolCallOf<Tools>>,
  ): RunStream<ToolCallOf<Tools>> {
    return new RunStream(() => this.#openRun(input, options as LooseRunOptions, true));
  }

  /**
   * A conversation that keeps its last messages. Creating one sends nothing.
   * @throws ModelError `invalid_request` for an invalid `memory` or `messages`.
   */
  session(options?: SessionOptions): Session<Options> {
    return new Session<Options>(
      {
        model: this.name,
        read: async (input, more) =>
          hasPendingMedia(input) ? (await withMedia(this.#prepare(input, more))).input.messages : input,
        later: (input, more, openNow) => {
          if (!hasPendingMedia(input)) return openNow(input);
          const prepared = this.#prepare(input, more);
          return openedLater(prepared.context.clock, prepared.signal, async (cancellation) =>
            openNow((await withMedia(prepared, cancellation)).input.messages),
          );
        },
        codegen: (input, more) => this.codegen(input, more),
        open: (input, more) => this.#openStream(input, more),
        run: (input, more, streaming) => this.#openRun(input, more as LooseRunOptions, streaming),
        object: (schema, input, more) => this.object(schema, input, more),
      },
      options,
    );
  }

  /**
   * An answer that satisfies `schema` (zod, or any Standard Schema with JSON Schema output); it is validated.
   * @throws ModelError `invalid_output` if no answer does, after `options.repair` re-asks; `refused` if the model refuses.
   */
  object<Schema extends StandardSchema>(
    schema: Schema,
    input: Input,
    options?: Options,
  ): Promise<ObjectReply<InferOutput<Schema>>> {
    // The re-asks have the same context, also if the file changes in the meantime.
    const context = contextOfRequests(this.#current());
    const ask: Ask = async (messages, own, followsUp) => {
      const prepared = this.#prepare(messages, own, context);
      return complete(followsUp ? { ...prepared, input: { ...prepared.input, followsUp } } : prepared);
    };
    return askObject(ask, schema, input, options, context.target.policy.repair);
  }

  /**
   * The object as it grows; `.object` and `.reply` are the final ones. Invalid objects are not repaired.
   *
   * @throws ModelError `invalid_request` for `options.repair`; `invalid_output` at the end if the object does not satisfy the schema.
   */
  streamObject<Schema extends StandardSchema>(
    schema: Schema,
    input: Input,
    options?: Options,
  ): ObjectStream<InferOutput<Schema>> {
    return streamObject(this, schema, input, options);
  }

  /**
   * One vector for each text, in their order. Many texts are sent in several requests, within the limits of the provider; if one
   * fails after its retries, the call fails, and `error.attempts` has what was sent. No texts need no request.
   * @throws ModelError `unsupported` if the model computes no embeddings; `invalid_request` for an empty text, or one that is not valid Unicode.
   */
  async embed(texts: readonly string[], options?: EmbedOptions): Promise<EmbeddingReply> {
    return this.#embed(texts, options);
  }

  /**
   * Tokens of a prompt: estimated locally, or with `exact` counted by the provider.
   * @throws ModelError with `exact`: `unsupported` without such an endpoint, `timed_out` after `timeout` or `deadline`.
   */
  async countTokens(input: Input, options?: CallOptions & { readonly exact?: boolean }): Promise<number> {
    const { exact, rest } = readExact(options, this.name);
    const prepared = await withMedia(this.#prepare(input, rest));
    return exact ? countTokens(prepared) : estimatePrompt(prepared);
  }

  /** The encoding of the model's tokens, such as "o200k_base"; undefined if it is unknown, so that `encode` cannot be used. */
  get encoding(): string | undefined {
    return encodingOf(this.#current().targets);
  }

  /**
   * The token ids of a string, without the tokens that a provider adds around messages. The first call loads the package gpt-tokenizer.
   * Special tokens such as `<|endoftext|>` are encoded as text.
   * @throws ModelError `unsupported` if the encoding of the model is unknown, or gpt-tokenizer is not installed.
   */
  async encode(text: string): Promise<number[]> {
    return encodeText(this.#encoded(), text);
  }

  /**
   * The text of tokens. Tokens that end within a character give U+FFFD there.
   * @throws ModelError like `encode`; `invalid_request` for a number that is not a token.
   */
  async decode(tokens: readonly number[]): Promise<string> {
    return decodeTokens(this.#encoded(), tokens);
  }

  /** Estimates tokens and cost of a call; sends nothing. */
  estimate(input: Input, options?: CallOptions): Estimate {
    const prepared = this.#prepare(input, options);
    refusePending(prepared.input.messages);
    const { target } = prepared.context;
    const tokens = estimatePrompt(prepared);
    const maxOutput =
      prepared.input.settings.maxNewTokens ?? target.settings.maxNewTokens ?? target.facts.maxOutput ?? null;
    const plan = planSamples(prepared.input, prepared.batchSize);
    const listed = target.price();
    const missing = missingPrice(billableOf(prepared), listed, () => tokens, target.dialect);
    const price = missing === undefined ? listed : undefined;
    const request = (output: number) => costOf(usageOf({ input: tokens, output, estimated: true }), price);
    const of = (output: number) => plan.map((samples) => request(output * samples)).reduce(addCost, NO_COST).usd;
    return { tokens, maxOutput, usd: of(0), maxUsd: maxOutput === null ? null : of(maxOutput) };
  }

  /**
   * Whether the model has a capability; true if the catalog does not know.
   * @throws ModelError `invalid_request` for an unknown capability.
   */
  supports(capability: Capability | SnakeCapability): boolean {
    const name = capabilityNamed(capability);
    return this.#current().targets.every(({ facts }) => facts.capabilities[name] !== false);
  }

  /** Parameters that this model supports, as keys of models.toml; null if the model is not in the catalog. */
  supportedParams(): readonly string[] | null {
    const { target, dialect } = this.#current();
    return supportedParams(target, dialect);
  }

  toString(): string {
    return this.name;
  }

  #encoded(): readonly [Target, ...Target[]] {
    const { target, targets, checkOpen } = this.#current();
    checkOpen();
    const [first = target, ...others] = targets;
    return [first, ...others];
  }

  #embed(texts: readonly string[], options?: EmbedOptions, caller?: EmbedCaller): Promise<EmbeddingReply> {
    return embedTexts(this.#current(), texts, options, { ...caller, scopes: this.#scopes });
  }

  #openStream(input: Input, options: CallOptions | undefined, shape: CallShape = { streaming: true }): Opened {
    const { gatewayKey, sameWire } = shape;
    const prepared = this.#prepare(input, options);
    const served = { ...(gatewayKey !== undefined && { gatewayKey }), ...(sameWire && { sameWire }) };
    const given =
      Object.keys(served).length === 0 ? prepared : { ...prepared, input: { ...prepared.input, ...served } };
    if (!hasPendingMedia(given.input.messages)) return openPrepared(given, shape);
    const { context, signal } = given;
    return openedLater(context.clock, signal, async (cancellation) =>
      openPrepared(await withMedia(given, cancellation), shape),
    );
  }

  /** The calls of a run have the same context, also if the file changes in the meantime. */
  #openRun(input: Input, options: LooseRunOptions, streaming: boolean): Run {
    const context = contextOfRequests(this.#current());
    const openStep = (messages: readonly Message[], { options: own, ...shared }: StepCall) => {
      const prepared = this.#prepare(messages, own, context);
      const input = { ...prepared.input, deliverInvalidCalls: true };
      return open({ ...prepared, input, ...shared, samples: 1, streaming });
    };
    return new Run({ model: this.name, context, open: openStep }, input, options);
  }

  #prepare(input: Input, options: CallOptions | undefined, context = this.#current()): Prepared {
    context.checkOpen();
    const read = readCallOptions(options, this.name);
    const { target, manySamples } = context;
    if (read.input.samples > 1) checkTemperature(read.input, target);
    const whole = { messages: readCallInput(input), scopes: this.#scopes, ...read.input };
    const batchSize = manySamples(whole) ? (read.input.batchSize ?? target.policy.batchSize) : 1;
    return { context, input: whole, batchSize, signal: read.signal };
  }
}

async function complete(given: Prepared): Promise<Reply> {
  const prepared = hasPendingMedia(given.input.messages) ? await withMedia(given) : given;
  const calls = planSamples(prepared.input, prepared.batchSize).map((samples, batch) =>
    collect(open({ ...prepared, samples, batch, streaming: false })),
  );
  return calls.length === 1 ? (calls[0] as Promise<Reply>) : joinSamples(calls);
}

function openPrepared(prepared: Prepared, shape: CallShape): Opened {
  const plan = planSamples(prepared.input, prepared.batchSize);
  return openSamples(
    plan.map((samples, batch) => () => open({ ...prepared, ...shape, samples, batch })),
    prepared.context.clock,
  );
}

function readExact(options: (CallOptions & { readonly exact?: boolean }) | undefined, model: string) {
  // What is not an object is refused with all other options.
  if (typeof options !== "object" || options === null) return { exact: false, rest: options };
  const { exact = false, ...rest } = options;
  if (typeof exact !== "boolean") throw invalidOption(`${model}: countTokens: exact must be true or false`);
  return { exact, rest };
}

function capabilityNamed(word: unknown): Capability {
  const name = String(word).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const known = CAPABILITIES.find((capability) => capability === name);
  if (known !== undefined) return known;
  const near = nearest(name, CAPABILITIES);
  const hint = near === undefined ? `; known capabilities: ${CAPABILITIES.join(", ")}` : ` (did you mean "${near}"?)`;
  throw invalidOption(`supports: unknown capability "${String(word)}"${hint}`);
}

/** Capabilities by their keys in models.toml. */
export type SnakeCapability = "parallel_tools" | "prompt_cache" | "json_schema" | "web_search";
