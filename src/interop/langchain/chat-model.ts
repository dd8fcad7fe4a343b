import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput, StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import {
  BaseChatModel,
  type BaseChatModelParams,
  type BindToolsInput,
  type LangSmithParams,
} from "@langchain/core/language_models/chat_models";
import { convertChunksToEvents } from "@langchain/core/language_models/compat";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import { assembleStructuredOutputPipeline } from "@langchain/core/language_models/structured_output";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import { invalidOption } from "../../core/check-options.ts";
import type { Model } from "../../model/model.ts";
import { startsAgain, viewOf } from "../../model/stream.ts";
import { checkModel } from "../checked-model.ts";
import { OWN_KEY } from "../reply-facts.ts";
import { endOf, lastChunk, resultOf } from "./answer.ts";
import { type ChatModelwrightCallOptions, callOptionsOf } from "./call.ts";
import { Chunks } from "./chunks.ts";
import { messagesOf } from "./messages.ts";
import { structured } from "./structured-output.ts";

type Base = BaseChatModel<ChatModelwrightCallOptions, AIMessageChunk>;

/** The chat model of an entry. */
export type ChatModelwright = Base & Required<Pick<Base, "bindTools">>;

/**
 * A model as a chat model of LangChain. `response_metadata.modelwright` has `cost`, `attempts`, `callId` and `adjustments`;
 * `additional_kwargs.modelwright` the parts with their signatures, which the next request returns. Failed calls throw the
 * ModelError.
 * @throws ModelError `invalid_request` for something else than a model.
 */
export function chatModel(model: Model, params: BaseChatModelParams = {}): ChatModelwright {
  checkModel(model, "chatModel");
  if (typeof params !== "object" || params === null) throw invalidOption("chatModel: params must be an object");
  return new AdaptedModel(model, params) as unknown as ChatModelwright;
}

class AdaptedModel extends BaseChatModel<ChatModelwrightCallOptions, AIMessageChunk> {
  readonly #model: Model;

  static override lc_name(): string {
    return "ChatModelwright";
  }

  constructor(model: Model, params: BaseChatModelParams) {
    super(params);
    this.#model = model;
  }

  override get callKeys(): string[] {
    return [...super.callKeys, "tools", "tool_choice", "response_format", OWN_KEY];
  }

  _llmType(): string {
    return OWN_KEY;
  }

  override _identifyingParams(): Record<string, unknown> {
    return { model: this.#model.name };
  }

  override invocationParams(options?: this["ParsedCallOptions"]): Record<string, unknown> {
    return { model: this.#model.name, stop: options?.stop, tools: options?.tools, tool_choice: options?.tool_choice };
  }

  override getLsParams(options: this["ParsedCallOptions"]): LangSmithParams {
    const { stop } = options;
    const name = { ls_provider: OWN_KEY, ls_model_name: this.#model.name, ls_model_type: "chat" } as const;
    return { ...name, ...(stop !== undefined && { ls_stop: stop }) };
  }

  override bindTools(
    tools: BindToolsInput[],
    kwargs?: Partial<ChatModelwrightCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatModelwrightCallOptions> {
    return this.withConfig({ ...kwargs, tools });
  }

  async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    return resultOf(await this.#model.codegen(messagesOf(messages), callOptionsOf(options)));
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const stream = this.#model.stream(messagesOf(messages), callOptionsOf(options));
    const chunks = new Chunks();
    const written = viewOf(stream, (event) => {
      if (event.type === "reset" && chunks.started)
        throw startsAgain('a stream of LangChain cannot report: use `on_break = "continue"`');
      return chunks.of(event);
    });
    for await (const chunk of written) {
      yield chunk;
      await runManager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk });
    }
    const reply = await stream.reply;
    if (!chunks.started && reply.refusal !== undefined) {
      const refused = chunks.of({ type: "text-delta", text: reply.refusal, sample: 0 });
      if (refused !== undefined) yield refused;
    }
    yield lastChunk(reply);
  }

  /** The message that LangChain builds of these events has only the metadata of the last one. */
  override async *_streamChatModelEvents(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatModelStreamEvent> {
    let last: AIMessageChunk | undefined;
    const chunks = this._streamResponseChunks(messages, options, runManager);
    const noted = async function* () {
      for await (const chunk of chunks) {
        last = chunk.message as AIMessageChunk;
        yield chunk;
      }
    };
    for await (const event of convertChunksToEvents(noted()))
      yield event.event === "message-finish" && last !== undefined ? { ...event, ...endOf(last) } : event;
  }

  override withStructuredOutput(schema: unknown, config: StructuredOutputMethodOptions<boolean> = {}): never {
    const { bound, parser } = structured(schema, config);
    const llm = this.withConfig(bound);
    return assembleStructuredOutputPipeline(llm, parser, config.includeRaw, "StructuredOutput") as never;
  }
}
