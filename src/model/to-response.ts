import { checkOptions, FUNCTION, invalidOption, type OptionRules, recordOf, TEXT } from "../core/check-options.ts";
import { aiSdk } from "./response/ai-sdk-format.ts";
import type { AnswerEnd, ResponseFormat, ResponseWriter, SentEvent } from "./response/format.ts";
import { openai } from "./response/openai-format.ts";
import { sse, text } from "./response/own-formats.ts";
import { RunStream } from "./run-stream.ts";
import { ModelStream } from "./stream.ts";

const FORMATS = { sse, text, "ai-sdk": aiSdk, openai } satisfies Readonly<Record<string, ResponseFormat>>;

export interface ResponseOptions {
  /**
   * sse: the events as JSON, one for each server-sent event; text: the text alone; ai-sdk: a UI message stream, for
   * `useChat`; openai: chunks of chat completions, for the openai SDK. Default sse.
   */
  readonly format?: keyof typeof FORMATS | undefined;
  /**
   * The text that tells the client of a failure of the call, or of a tool (an Error with the text for the model). Default: a
   * neutral text, because messages may name providers, models and what a tool uses.
   */
  readonly onError?: ((error: unknown) => string) | undefined;
  /** Added to the headers of the format. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const RULES: OptionRules<ResponseOptions> = {
  format: {
    is: `one of ${Object.keys(FORMATS).join(", ")}`,
    accepts: (value) => typeof value === "string" && Object.hasOwn(FORMATS, value),
  },
  onError: FUNCTION,
  headers: recordOf("an object of strings", TEXT),
};

const REQUEST_FAILED = "The request failed.";
const TOOL_FAILED = "The tool failed.";

/**
 * A stream as the response of an HTTP handler. It is returned at once with status 200; the call starts when the body is read,
 * and a client that disconnects aborts it. A failure is reported in the body.
 * @throws ModelError `invalid_request` for something else than a stream, or a wrong option.
 */
export function toResponse(stream: ModelStream | RunStream, options: ResponseOptions = {}): Response {
  if (!(stream instanceof ModelStream || stream instanceof RunStream))
    throw invalidOption("toResponse: needs the stream of model.stream() or model.runStream()");
  checkOptions(options, RULES, "toResponse");
  const { format = "sse", onError, headers } = options;
  const { headers: own, writer }: ResponseFormat = FORMATS[format];
  const head = headersOf({ ...own, ...headers });
  const body = new ReadableStream<Uint8Array>(new Body(stream, writer(stream instanceof RunStream), onError), {
    // The call starts when the body is read, not before.
    highWaterMark: 0,
  });
  return new Response(body, { headers: head });
}

function headersOf(headers: Readonly<Record<string, string>>): Headers {
  try {
    return new Headers(headers);
  } catch (cause) {
    throw invalidOption(`toResponse: headers: ${(cause as Error).message}`);
  }
}

/** The body of a response, written when it is read. */
class Body {
  readonly #stream: ModelStream | RunStream;
  readonly #events: AsyncIterator<SentEvent>;
  readonly #writer: ResponseWriter;
  readonly #onError: ((error: unknown) => string) | undefined;
  readonly #encoder = new TextEncoder();

  constructor(
    stream: ModelStream | RunStream,
    writer: ResponseWriter,
    onError: ((error: unknown) => string) | undefined,
  ) {
    this.#stream = stream;
    this.#events = stream[Symbol.asyncIterator]();
    this.#writer = writer;
    this.#onError = onError;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { value: event, done } = await this.#events.next();
        const words = done ? this.#writer.end(await endOf(this.#stream)) : this.#writer.event(this.#shown(event));
        if (words !== "") controller.enqueue(this.#encoder.encode(words));
        if (done) controller.close();
        if (done || words !== "") return;
      }
    } catch (error) {
      await this.#fail(controller, error);
    }
  }

  async cancel(): Promise<void> {
    await this.#events.return?.();
  }

  async #fail(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown): Promise<void> {
    await this.#events.return?.();
    const report = this.#writer.failure(this.#wordsFor(error, REQUEST_FAILED), error);
    if (report === "") {
      // The only sign of a failure that the format has is a body that does not end.
      controller.error(error);
      return;
    }
    controller.enqueue(this.#encoder.encode(report));
    controller.close();
  }

  /** The text of a failed tool is for the model: it may have what the client must not see. */
  #shown(event: SentEvent): SentEvent {
    if (event.type !== "tool-result" || !event.result.error) return event;
    const { content } = event.result;
    const told = new Error(typeof content === "string" ? content : JSON.stringify(content));
    return { ...event, result: { ...event.result, content: this.#wordsFor(told, TOOL_FAILED) } };
  }

  #wordsFor(error: unknown, neutral: string): string {
    try {
      return this.#onError?.(error) ?? neutral;
    } catch {
      return neutral;
    }
  }
}

async function endOf(stream: ModelStream | RunStream): Promise<AnswerEnd> {
  if (stream instanceof ModelStream) return { refusal: (await stream.reply).refusal, pending: [] };
  const { reply, pending } = await stream.result;
  return { refusal: reply.refusal, pending };
}
