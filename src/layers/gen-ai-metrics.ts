import type * as OpenTelemetry from "@opentelemetry/api";
import type { Attempt } from "../core/attempt.ts";
import type { Call } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import { errorAttributes, targetAttributes } from "./gen-ai-attributes.ts";

export type OpenTelemetryApi = typeof OpenTelemetry;
type Counter = OpenTelemetry.Counter;
type Histogram = OpenTelemetry.Histogram;

const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

interface Instruments {
  readonly duration: Histogram;
  readonly firstChunk: Histogram;
  readonly input: Counter;
  readonly output: Counter;
  readonly cacheRead: Counter;
  readonly cacheWrite: Counter;
  readonly reasoning: Counter;
  readonly cost: Counter;
}

/** Durations of calls, and the tokens and cost of attempts, because failed ones may be billed too. */
export class GenAiMetrics {
  readonly #api: OpenTelemetryApi;
  #known: Instruments | undefined;

  constructor(api: OpenTelemetryApi) {
    this.#api = api;
  }

  call(call: Call, failure: ModelError | undefined, ms: number): void {
    const { record, streaming } = call;
    const labels = { ...targetAttributes(call), ...(failure !== undefined && { "error.type": failure.code }) };
    this.#instruments.duration.record(ms / 1_000, labels);
    if (streaming && record.firstTokenMs !== undefined)
      this.#instruments.firstChunk.record(record.firstTokenMs / 1_000, labels);
  }

  attempt(call: Call, { usage, cost, error }: Attempt): void {
    const labels = { ...targetAttributes(call), ...(error !== undefined && errorAttributes({ code: error.code })) };
    if (typeof cost?.usd === "number") this.#instruments.cost.add(cost.usd, labels);
    if (usage === undefined) return;
    const { input, output, cacheRead, cacheWrite, reasoning } = this.#instruments;
    input.add(usage.input + usage.cacheRead + usage.cacheWrite, labels);
    output.add(usage.output, labels);
    if (usage.cacheRead > 0) cacheRead.add(usage.cacheRead, labels);
    if (usage.cacheWrite > 0) cacheWrite.add(usage.cacheWrite, labels);
    if (usage.reasoning > 0) reasoning.add(usage.reasoning, labels);
  }

  /** Created with the first call: a meter from before the program has set its provider stays silent forever. */
  get #instruments(): Instruments {
    this.#known ??= this.#create();
    return this.#known;
  }

  #create(): Instruments {
    const meter = this.#api.metrics.getMeter("modelwright");
    const seconds = (name: string, description: string) =>
      meter.createHistogram(`gen_ai.client.inference.${name}`, {
        ...{ unit: "s", description },
        advice: { explicitBucketBoundaries: SECONDS },
      });
    const tokens = (name: string, description: string) =>
      meter.createCounter(`gen_ai.client.inference.usage.${name}`, { unit: "{token}", description });
    return {
      duration: seconds("duration", "Duration of calls, with retries and fallbacks."),
      firstChunk: seconds("time_to_first_chunk", "Time to the first content of a stream."),
      input: tokens("input_tokens", "Prompt tokens of all attempts, cached ones included."),
      output: tokens("output_tokens", "Output tokens of all attempts, reasoning included."),
      cacheRead: tokens("cache_read.input_tokens", "Prompt tokens read from the provider's cache."),
      cacheWrite: tokens("cache_write.input_tokens", "Prompt tokens written to the provider's cache."),
      reasoning: tokens("reasoning.output_tokens", "Output tokens used for reasoning."),
      cost: meter.createCounter("modelwright.cost", { unit: "USD", description: "Cost of all attempts, if known." }),
    };
  }
}
