import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from "@ai-sdk/provider";
import type { ModelEvent } from "../../core/event.ts";
import { contextOf, type Model, notedStream } from "../../model/model.ts";
import { type ModelStream, startsAgain } from "../../model/stream.ts";
import { checkModel } from "../checked-model.ts";
import { OWN_KEY, structuredText } from "../reply-facts.ts";
import { contentOf, finishOf, replyMetadata, usageOf, warningOf } from "./answer.ts";
import { readCall } from "./call.ts";
import { StreamParts } from "./stream-parts.ts";

/**
 * A model for the functions of the Vercel AI SDK 7, and for frameworks that accept its models, such as the OpenAI Agents SDK
 * (through `aisdk()`) and Mastra. `providerOptions.modelwright` takes options of a call. `providerMetadata.modelwright` has
 * `cost`, `attempts`, `callId` and `adjustments`, and with a part its signature, which the next request returns. Adjustments
 * are `warnings`. Failed calls throw the ModelError, which the AI SDK does not retry.
 * @throws ModelError `invalid_request` for something else than a model.
 */
export function languageModel(model: Model): LanguageModelV4 {
  checkModel(model, "languageModel");
  return {
    specificationVersion: "v4",
    provider: OWN_KEY,
    modelId: model.name,
    get supportedUrls() {
      return supportedUrls(model);
    },
    doGenerate: (options) => generate(model, options),
    doStream: (options) => stream(model, options),
  };
}

/** What the wire format takes by URL; the AI SDK downloads the rest. */
function supportedUrls(model: Model): Record<string, RegExp[]> {
  const dialect = contextOf(model)?.dialect;
  const byUrl = { "image/*": "image", "application/pdf": "file" } as const;
  const types = Object.entries(byUrl).filter(
    ([, type]) => dialect?.mediaRefusal?.({ type, url: "https://host/" }) === undefined,
  );
  return Object.fromEntries(types.map(([mediaType]) => [mediaType, [/^https?:\/\//]]));
}

async function generate(model: Model, given: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
  const call = readCall(given, false);
  const reply = await model.codegen(call.messages, call.options);
  const structured = call.schema && structuredText(reply.text, call.schema);
  return {
    content: contentOf(reply, call.tools),
    ...(structured !== undefined && { structuredOutputText: structured }),
    finishReason: finishOf(reply),
    usage: usageOf(reply.usage),
    warnings: [...call.warnings, ...reply.adjustments.map(warningOf)],
    providerMetadata: replyMetadata(reply),
    response: { ...(reply.id !== undefined && { id: reply.id }), modelId: reply.model, body: reply.raw },
  };
}

/** Resolves with the first part of the answer, so that a failure before it rejects, as `doGenerate` does. */
async function stream(model: Model, given: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
  const call = readCall(given, true);
  const parts = new StreamParts(call.tools, call.warnings);
  const events = notedStream(model, call.messages, call.options, (event) => parts.push(event));
  const source = new PartSource(events, parts);
  await source.begin();
  return { stream: new ReadableStream(source, { highWaterMark: 0 }) };
}

/** The source of a ReadableStream. */
class PartSource {
  readonly #stream: ModelStream;
  readonly #events: AsyncIterator<ModelEvent>;
  readonly #parts: StreamParts;
  #ended = false;

  constructor(stream: ModelStream, parts: StreamParts) {
    this.#stream = stream;
    this.#events = stream[Symbol.asyncIterator]();
    this.#parts = parts;
  }

  async begin(): Promise<void> {
    while (!this.#parts.begun && !this.#ended) await this.#read();
  }

  async pull(controller: ReadableStreamDefaultController<LanguageModelV4StreamPart>): Promise<void> {
    try {
      while (this.#parts.isEmpty && !this.#ended) await this.#read();
    } catch (error) {
      this.#parts.fail(error);
      this.#ended = true;
    }
    for (const part of this.#parts.take()) controller.enqueue(part);
    if (this.#ended) controller.close();
  }

  async cancel(): Promise<void> {
    await this.#events.return?.();
  }

  /** Reads one event; its parts were noted by then. */
  async #read(): Promise<void> {
    const { value: event, done } = await this.#events.next();
    if (done) {
      this.#parts.end(await this.#stream.reply);
      this.#ended = true;
    } else if (event.type === "reset" && this.#parts.begun) {
      const error = startsAgain('a stream of the AI SDK cannot report: use `on_break = "continue"`');
      await this.#events.throw?.(error);
      throw error;
    }
  }
}
