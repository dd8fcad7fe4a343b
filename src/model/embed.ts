import type { Adjustment, Attempt } from "../core/attempt.ts";
import type { Call, CallInput, GivenDeadline } from "../core/call.ts";
import { costOfCall } from "../core/call-reply.ts";
import { ANYTHING, COUNT, checkOptions, type OptionRules } from "../core/check-options.ts";
import { addCost, type Cost, NO_COST } from "../core/cost.ts";
import { embeddingRefusal } from "../core/embedding.ts";
import { inTextsOfCall } from "../core/embedding-input.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { CachedAnswer } from "../core/notices.ts";
import { entryError, targetError } from "../core/target-error.ts";
import { addUsage, NO_USAGE, type Usage } from "../core/usage.ts";
import { callOf, type ModelContext } from "./call.ts";
import { readCallOptions } from "./call-options.ts";
import { planBatches, type TextBatch } from "./embedding-batches.ts";
import { TextSizes } from "./embedding-sizes.ts";
import { checkWindow, readTexts } from "./embedding-texts.ts";
import type { CallOptions } from "./options.ts";
import { adjustmentsOf, cachedIn } from "./samples.ts";

/** Options of one embedding call; they take precedence over the entry's. */
export interface EmbedOptions
  extends Pick<CallOptions, "signal" | "cache" | "tags" | "priority" | "user" | "extraBody" | "extraHeaders"> {
  /** The length of each vector; `unsupported` if the model is known not to have it. Default: the entry's, or the model's own. */
  readonly dimensions?: number | undefined;
}

/** The vectors of texts. */
export interface EmbeddingReply {
  /** One vector for each text, in their order. */
  readonly embeddings: Float32Array[];
  /** Tokens of all texts. */
  readonly usage: Usage;
  /** Cost of all attempts of all requests. */
  readonly cost: Cost;
  /** The requests that were sent; with many texts, there are several. */
  readonly attempts: readonly Attempt[];
  readonly adjustments: readonly Adjustment[];
  /** The entry that answered; with several requests, the first one. */
  readonly model: string;
  readonly provider: string;
  /** The id of the call: `traceId` of all its rows in the ledger. */
  readonly callId: string | undefined;
  readonly latencyMs: number;
  /** Only if no request was sent: all vectors came from the cache, or from the requests of equal calls. */
  readonly cached?: CachedAnswer;
}

const RULES: OptionRules<EmbedOptions> = {
  ...{ signal: ANYTHING, cache: ANYTHING, tags: ANYTHING, priority: ANYTHING, user: ANYTHING },
  ...{ extraBody: ANYTHING, extraHeaders: ANYTHING },
  dimensions: COUNT,
};

/** For whom texts are embedded. */
export interface EmbedCaller extends Pick<CallInput, "scopes" | "gatewayKey"> {
  /** Of a client of the gateway. */
  readonly deadline?: GivenDeadline | undefined;
}

/** Embeds texts in as few requests as the provider's limits allow. */
export async function embedTexts(
  context: ModelContext,
  given: readonly string[],
  options: EmbedOptions = {},
  { deadline, ...caller }: EmbedCaller = {},
): Promise<EmbeddingReply> {
  context.checkOpen();
  const place = `${context.name}: embed`;
  checkOptions(options, RULES, place);
  const { dimensions = context.target.policy.dimensions, ...rest } = options;
  const { input, signal } = readCallOptions(rest, context.name);
  const texts = readTexts(given, place);
  const { run, targets } = context.embeddings();
  const refusal = embeddingRefusal(context.target, context.dialect);
  if (refusal !== undefined) throw refusal;
  const sizes = new TextSizes(texts);
  await sizes.count(signal);
  context.checkOpen(true);
  checkWindow(sizes, context.target);
  const batches = planBatches(sizes, targets);
  const shared = { ...input, ...caller, messages: [] };
  const calls = new BatchCalls(context, batches, { signal, run, deadline }, (batch) => ({
    ...shared,
    embedding: { texts: batch, ...(dimensions !== undefined && { dimensions }) },
  }));
  return calls.run();
}

/** Requests in flight. More would only reach the rate limit of the provider sooner. */
const MOST_PARALLEL = 4;

interface Sending extends Pick<ReturnType<ModelContext["embeddings"]>, "run"> {
  readonly signal: AbortSignal | undefined;
  readonly deadline: GivenDeadline | undefined;
}

/** The calls of the batches: a few at a time, with one deadline. The first that fails cancels the others. */
class BatchCalls {
  readonly #context: ModelContext;
  readonly #batches: readonly TextBatch[];
  readonly #sending: Sending;
  readonly #inputOf: (texts: readonly string[]) => CallInput;
  readonly #startedMs: number;
  readonly #limits: Pick<Call, "deadlineAtMs" | "deadlineOf">;
  readonly #calls: Call[] = [];
  readonly #answers: Answer[] = [];
  /** The first answer that arrived, whose length all vectors must have. */
  #model: Answer | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    context: ModelContext,
    batches: readonly TextBatch[],
    sending: Sending,
    inputOf: (texts: readonly string[]) => CallInput,
  ) {
    this.#context = context;
    this.#batches = batches;
    this.#sending = sending;
    this.#inputOf = inputOf;
    this.#startedMs = context.clock.monotonic();
    const { deadlineMs } = context.target.policy;
    const limitMs = Math.min(
      deadlineMs ?? Number.POSITIVE_INFINITY,
      sending.deadline?.limitMs ?? Number.POSITIVE_INFINITY,
    );
    this.#limits = {
      deadlineAtMs: limitMs === Number.POSITIVE_INFINITY ? undefined : this.#startedMs + limitMs,
      deadlineOf: limitMs === sending.deadline?.limitMs ? sending.deadline : undefined,
    };
  }

  async run(): Promise<EmbeddingReply> {
    const most = Math.min(MOST_PARALLEL, this.#context.target.policy.maxParallel ?? MOST_PARALLEL);
    await Promise.all(Array.from({ length: most }, () => this.#work()));
    if (this.#failure !== undefined) throw this.#whole(this.#failure.error);
    return this.#reply();
  }

  async #work(): Promise<void> {
    while (this.#failure === undefined) {
      const index = this.#calls.length;
      const batch = this.#batches[index];
      if (batch === undefined) return;
      const call = this.#callOf(batch.texts);
      this.#calls.push(call);
      try {
        this.#answers[index] = await this.#answerOf(call, batch);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  #callOf(texts: readonly string[]): Call {
    const [first] = this.#calls;
    return callOf({
      ...{ context: this.#context, input: this.#inputOf(texts), signal: this.#sending.signal },
      ...{ batchSize: 1, samples: 1, streaming: false, ...this.#limits },
      traceId: first?.record.traceId,
    });
  }

  async #answerOf(call: Call, batch: TextBatch): Promise<Answer> {
    const answer = new Answer(batch);
    for await (const events of this.#sending.run(call)) for (const event of events) answer.push(event);
    this.#check(answer, call);
    return answer;
  }

  /** Layers have checked each response; hooks and middleware may have changed it since. Another target may have other vectors. */
  #check(answer: Answer, { target }: Call): void {
    const { from, texts } = answer.batch;
    if (!hasVectors(answer.vectors, texts.length)) {
      const words = `middleware changed the vectors: there must be one Float32Array for each of the ${texts.length} texts`;
      throw entryError(target, "rejected", words);
    }
    this.#model ??= answer;
    const [length, other] = [
      this.#model.length,
      answer.vectors.find((vector) => vector.length !== this.#model?.length),
    ];
    if (other === undefined) return;
    const names = [answer.model ?? target.entry, this.#model.model ?? target.entry];
    const words = `vectors of different lengths cannot be compared: ${names[0]} returned ${other.length} dimensions for texts[${from}] and the following, ${names[1]} ${length} for texts[${this.#model.batch.from}] and the following`;
    throw targetError(target, "protocol_error", words);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    const reason = new ModelError({ code: "aborted", message: "Another request of this embedding call failed." });
    for (const { cancellation } of this.#calls) cancellation.cancel(reason);
  }

  /** The error of one request, with the attempts of all. */
  #whole(error: unknown): unknown {
    if (!isModelError(error)) return error;
    error.attempts = this.#attempts();
    error.callId = this.#calls[0]?.record.id;
    return error;
  }

  /** Times from the start of the whole call. */
  #attempts(): Attempt[] {
    return this.#calls.flatMap(({ record }) => {
      const laterMs = record.startedMs - this.#startedMs;
      return record.attempts.map((attempt) => ({ ...attempt, startedMs: attempt.startedMs + laterMs }));
    });
  }

  #reply(): EmbeddingReply {
    const { target, clock } = this.#context;
    const answers = this.#answers;
    const [first] = answers;
    return {
      embeddings: answers.flatMap(({ vectors }) => vectors),
      usage: answers.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
      cost: this.#calls.map(({ record }) => costOfCall(record)).reduce(addCost, NO_COST),
      attempts: this.#attempts(),
      adjustments: adjustmentsOf(answers),
      model: first?.model ?? target.entry,
      provider: first?.provider ?? target.provider,
      callId: this.#calls[0]?.record.id,
      latencyMs: clock.monotonic() - this.#startedMs,
      ...cachedIn(this.#calls.map(({ record }) => record)),
    };
  }
}

function hasVectors(vectors: unknown, count: number): boolean {
  if (!Array.isArray(vectors) || vectors.length !== count) return false;
  for (const vector of vectors) if (!(vector instanceof Float32Array)) return false;
  return true;
}

/** What the events of one request say. */
class Answer {
  readonly batch: TextBatch;
  vectors: readonly Float32Array[] = [];
  usage: Usage = NO_USAGE;
  adjustments: Adjustment[] = [];
  model: string | undefined;
  provider: string | undefined;

  constructor(batch: TextBatch) {
    this.batch = batch;
  }

  get length(): number | undefined {
    return this.vectors[0]?.length;
  }

  push(event: FlowEvent): void {
    switch (event.type) {
      case "start":
        this.model = event.model;
        this.provider = event.provider;
        this.adjustments = [];
        break;
      case "adjustment":
        this.adjustments.push(inTextsOfCall(event.adjustment, this.batch.from));
        break;
      case "usage":
        this.usage = event.usage;
        break;
      case "embeddings":
        this.vectors = event.vectors;
        break;
      default:
    }
  }
}
