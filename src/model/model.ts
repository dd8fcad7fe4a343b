import { supportedParams } from "../core/adapt.ts";
import { missingPrice } from "../core/billing.ts";
import { bindMethods } from "../core/bind-methods.ts";
import { invalidOption } from "../core/check-options.ts";
import { addCost, costOf, NO_COST } from "../core/cost.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { type Input, readInput } from "../core/input.ts";
import type { Reply } from "../core/reply.ts";
import { type Scope, scopePath } from "../core/scope.ts";
import { CAPABILITIES } from "../core/setting-capabilities.ts";
import type { InferOutput, StandardSchema } from "../core/standard-schema.ts";
import { nearest } from "../core/suggest.ts";
import type { Capability } from "../core/target.ts";
import { usageOf } from "../core/usage.ts";
import {
  billableOf,
  collect,
  estimatePrompt,
  type ModelContext,
  open,
  type Prepared,
  refuseSameSamples,
} from "./call.ts";
import { readCallOptions } from "./call-options.ts";
import { countTokens } from "./count-tokens.ts";
import { askObject, type ObjectReply, type ObjectStream, streamObject } from "./object.ts";
import type { CallOptions } from "./options.ts";
import type { OptionsFor } from "./options-for.ts";
import type { Opened } from "./reading.ts";
import { joinSamples, openSamples, planSamples } from "./samples.ts";
import { Session, type SessionOptions } from "./session.ts";
import { ModelStream } from "./stream.ts";
export type Outcome = { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly error: ModelError };

/** Tokens and money of a call before it is made. */
export interface Estimate {
  /** Tokens of the prompt. */
  readonly tokens: number;
  /** Most tokens of the answer; null when neither the call nor the catalog bounds it. */
  readonly maxOutput: number | null;
  /** What the prompt costs, in every request the samples need; null when a price is unknown, also that of a service tier, a search or audio. */
  readonly usd: number | null;
  /** What prompt and longest answers cost; null when the price or the bound is unknown. */
  readonly maxUsd: number | null;
}

declare const CAN: unique symbol;

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
    bindMethods(this, Model);
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
    const { exact, rest } = readExact(options, this.name);
    const prepared = this.#prepare(input, rest);
    return exact ? countTokens(prepared) : estimatePrompt(prepared);
  }

  /** Tokens and money of a call before it is made; sends nothing. */
  estimate(input: Input, options?: CallOptions): Estimate {
    const prepared = this.#prepare(input, options);
    const { target } = prepared.context;
    const tokens = estimatePrompt(prepared);
    const maxOutput =
      prepared.input.settings.maxNewTokens ?? target.settings.maxNewTokens ?? target.facts.maxOutput ?? null;
    const plan = planSamples(prepared.input, prepared.batchSize);
    const listed = target.price();
    const price = missingPrice(billableOf(prepared), listed, () => tokens) === undefined ? listed : undefined;
    const request = (output: number) => costOf(usageOf({ input: tokens, output, estimated: true }), price);
    const of = (output: number) => plan.map((samples) => request(output * samples)).reduce(addCost, NO_COST).usd;
    return { tokens, maxOutput, usd: of(0), maxUsd: maxOutput === null ? null : of(maxOutput) };
  }

  /**
   * Whether the model can do something; where the catalog does not say, true.
   * @throws ModelError `invalid_request` for a word that is not a capability.
   */
  supports(capability: Capability | SnakeCapability): boolean {
    const name = capabilityNamed(capability);
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
    return openSamples(
      plan.map((samples, batch) => () => open({ ...prepared, samples, batch, streaming: true })),
      prepared.context.clock,
    );
  }

  #prepare(input: Input, options: CallOptions | undefined): Prepared {
    const context = this.#current();
    context.checkOpen();
    const read = readCallOptions(options, this.name);
    const { target, manySamples } = context;
    if (read.input.samples > 1) refuseSameSamples(read.input, target);
    const whole = { messages: readInput(input), scopes: this.#scopes, ...read.input };
    const batchSize = manySamples(whole) ? (read.input.batchSize ?? target.policy.batchSize) : 1;
    return { context, input: whole, batchSize, signal: read.signal };
  }
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
  const hint = near === undefined ? `; there are ${CAPABILITIES.join(", ")}` : ` (did you mean "${near}"?)`;
  throw invalidOption(`supports: unknown capability "${String(word)}"${hint}`);
}

/** Capabilities as they are spelled under `capabilities` in models.toml. */
export type SnakeCapability = "parallel_tools" | "prompt_cache" | "json_schema" | "web_search";
