import { type Usage, usageOf } from "../../core/usage.ts";
import { ReportedCounts } from "../reported-counts.ts";
import { listIn, numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

/** The token counts of one answer, from all fields and chunks that report some. */
class OpenaiUsage {
  protected readonly counts = new ReportedCounts();
  #serviceTier: string | undefined;

  /** Reads the tier that served the answer, which may differ from the requested one. */
  pushTier(answer: WireObject): void {
    this.#serviceTier = textIn(answer["service_tier_used"]) ?? textIn(answer["service_tier"]) ?? this.#serviceTier;
  }

  get serviceTier(): string | undefined {
    return this.#serviceTier;
  }

  /** `undefined` if the server reported nothing, or only zeros, as some do for answers that they did not count. */
  usage(): Usage | undefined {
    const of = (name: string) => this.counts.of(name);
    const [prompt, cacheRead, cacheWrite] = [of("prompt"), of("cacheRead"), of("cacheWrite")];
    if (prompt + of("completion") === 0) return undefined;
    const cached = cacheRead + cacheWrite;
    return usageOf({
      // A cache count larger than the prompt count is not included in it.
      input: cached > prompt ? prompt : prompt - cached,
      cacheRead,
      cacheWrite,
      output: this.#outputWithReasoning(),
      reasoning: of("reasoning"),
      estimated: this.counts.flawed,
      details: {
        audio: of("inputAudio") + of("outputAudio"),
        image: of("inputImage") + of("outputImage"),
        outputImage: of("outputImage"),
        acceptedPrediction: of("acceptedPrediction"),
        rejectedPrediction: of("rejectedPrediction"),
        audioSeconds: of("audioSeconds"),
        tool: of("tool"),
        webSearchRequests: of("webSearchRequests"),
        cacheWrite12h: of("cacheWrite12h"),
      },
    });
  }

  /** xAI's completion count excludes reasoning; the total includes it. */
  #outputWithReasoning(): number {
    const of = (name: string) => this.counts.of(name);
    const sum = of("completion") + of("reasoning");
    return of("total") === of("prompt") + sum ? sum : of("completion");
  }
}

export class ChatUsage extends OpenaiUsage {
  push(value: unknown): void {
    const usage = objectIn(value);
    if (usage === undefined) return;
    const prompt = objectIn(usage["prompt_tokens_details"]) ?? {};
    const completion = objectIn(usage["completion_tokens_details"]) ?? {};
    this.counts.push({
      prompt: usage["prompt_tokens"],
      // Proxies in front of Claude, such as LiteLLM, also use Anthropic's names.
      cacheRead:
        prompt["cached_tokens"] ??
        usage["cached_tokens"] ??
        usage["prompt_cache_hit_tokens"] ??
        usage["cache_read_input_tokens"],
      cacheWrite:
        prompt["cache_write_tokens"] ?? prompt["cache_creation_tokens"] ?? usage["cache_creation_input_tokens"],
      cacheWrite12h: longWritesIn(prompt),
      completion: usage["completion_tokens"],
      reasoning: completion["reasoning_tokens"] ?? usage["reasoning_tokens"],
      total: usage["total_tokens"],
      inputAudio: prompt["audio_tokens"],
      outputAudio: completion["audio_tokens"],
      inputImage: prompt["image_tokens"],
      outputImage: completion["image_tokens"],
      acceptedPrediction: completion["accepted_prediction_tokens"],
      rejectedPrediction: completion["rejected_prediction_tokens"],
      // Mistral charges audio by the minute (docs.mistral.ai/capabilities/audio); some answers have an empty object.
      audioSeconds: Math.ceil(numberIn(usage["prompt_audio_seconds"]) ?? 0),
      tool: usage["num_server_side_tools_used"],
      webSearchRequests:
        objectIn(usage["server_tool_use"])?.["web_search_requests"] ??
        usage["num_search_queries"] ??
        usage["num_sources_used"],
    });
    // Perplexity charges a fee for each request, by the size of its search context (docs.perplexity.ai/getting-started/pricing).
    if (typeof usage["search_context_size"] === "string") this.searched();
  }

  /** Searches and hosted tools that are visible only in the message: web citations, and tools of Groq's compound systems. */
  pushMessage(message: WireObject): void {
    const { annotations, executed_tools } = message;
    if (annotations === undefined && executed_tools === undefined) return;
    if (objectsIn(annotations).some(({ type }) => type === "url_citation")) this.searched();
    const ran = listIn(executed_tools).length;
    if (ran > this.counts.of("tool")) this.counts.push({ tool: ran });
  }

  /** Counts at least one search. */
  searched(): void {
    if (this.counts.of("webSearchRequests") === 0) this.counts.push({ webSearchRequests: 1 });
  }
}

/** Cache writes with a lifetime of 12 hours, which are a part of all writes. */
function longWritesIn(details: WireObject): unknown {
  return objectIn(details["cache_write_tokens_details"])?.["ttl_12h_tokens"];
}

/** Items of the provider's own tools that are charged per call (platform.openai.com/docs/pricing, built-in tools). */
const CHARGED_ITEMS: ReadonlySet<unknown> = new Set([
  ...["web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call"],
]);

export class ResponsesUsage extends OpenaiUsage {
  #done = 0;

  push(value: unknown): void {
    const usage = objectIn(value);
    if (usage === undefined) return;
    const input = objectIn(usage["input_tokens_details"]) ?? {};
    const output = objectIn(usage["output_tokens_details"]) ?? {};
    this.counts.push({
      prompt: usage["input_tokens"],
      cacheRead: input["cached_tokens"],
      cacheWrite: input["cache_write_tokens"],
      cacheWrite12h: longWritesIn(input),
      completion: usage["output_tokens"],
      reasoning: output["reasoning_tokens"],
      total: usage["total_tokens"],
      inputAudio: input["audio_tokens"],
      outputAudio: output["audio_tokens"],
      inputImage: input["image_tokens"],
      outputImage: output["image_tokens"],
      tool: usage["num_server_side_tools_used"],
    });
  }

  pushItem(item: unknown): void {
    if (CHARGED_ITEMS.has(objectIn(item)?.["type"])) this.#ran(++this.#done);
  }

  /** All items again, at the end of the answer. */
  pushOutput(output: unknown): void {
    this.#ran(objectsIn(output).filter(({ type }) => CHARGED_ITEMS.has(type)).length);
  }

  #ran(calls: number): void {
    if (calls > this.counts.of("tool")) this.counts.push({ tool: calls });
  }
}

/** The counts as a chat completion reports them. */
export function chatUsage({ input, cacheRead, cacheWrite, output, reasoning, total, details }: Usage): WireObject {
  const { image = 0, outputImage = 0, acceptedPrediction = 0, rejectedPrediction = 0 } = details;
  const { tool, webSearchRequests } = details;
  return {
    prompt_tokens: input + cacheRead + cacheWrite,
    completion_tokens: output,
    total_tokens: total,
    prompt_tokens_details: {
      cached_tokens: cacheRead,
      cache_write_tokens: cacheWrite,
      audio_tokens: 0,
      ...(image > outputImage && { image_tokens: image - outputImage }),
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: acceptedPrediction,
      rejected_prediction_tokens: rejectedPrediction,
      ...(outputImage > 0 && { image_tokens: outputImage }),
    },
    ...(tool !== undefined && { num_server_side_tools_used: tool }),
    ...(webSearchRequests !== undefined && { server_tool_use: { web_search_requests: webSearchRequests } }),
  };
}

/** The counts as a response reports them. */
export function responsesUsage({ input, cacheRead, cacheWrite, output, reasoning, total, details }: Usage): WireObject {
  const { tool } = details;
  return {
    input_tokens: input + cacheRead + cacheWrite,
    input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: total,
    ...(tool !== undefined && { num_server_side_tools_used: tool }),
  };
}
