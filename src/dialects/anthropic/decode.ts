import type { Decoder } from "../../core/dialect.ts";
import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import { modelFailureCode } from "../../core/model-failure.ts";
import { own } from "../../core/own.ts";
import type { Target } from "../../core/target.ts";
import { parseEvent, targetError } from "../wire-error.ts";
import { type BlockContext, type BlockReader, readBlock } from "./blocks.ts";
import { UsageFold } from "./usage.ts";

export interface MessagesDecoderOptions {
  /** The answer comes as the input of the JSON tool; it is shown as plain text. */
  readonly throughTool: boolean;
}

export function messagesDecoder(target: Target, options: MessagesDecoderOptions): Decoder {
  return new MessagesDecoder(target, options);
}

type Tree = Readonly<Record<string, unknown>>;

const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "refusal",
};

class MessagesDecoder implements Decoder {
  done = false;
  readonly #target: Target;
  readonly #blocks = new Map<unknown, BlockReader>();
  readonly #usage = new UsageFold();
  readonly #context: BlockContext;
  #started = false;
  #toolCalls = 0;
  #answeredThroughTool = false;
  /** Text beside the JSON tool: shown only when the tool is not called. */
  readonly #heldText: FlowEvent[] = [];
  #stopReason: string | undefined;
  /** A call whose arguments are no JSON: an error, unless the answer was cut at its length. */
  #brokenCall: string | undefined;

  constructor(target: Target, options: MessagesDecoderOptions) {
    this.#target = target;
    this.#context = {
      throughTool: options.throughTool,
      heldText: this.#heldText,
      nextCall: () => this.#toolCalls++,
      answered: () => {
        this.#answeredThroughTool = true;
      },
    };
  }

  push(data: string, _event: string | undefined, out: FlowEvent[]): void {
    if (data === "[DONE]") return;
    const event = parseEvent(data, this.#target);
    switch (event["type"]) {
      case "message_start":
        this.#start(treeOf(event["message"]), out);
        break;
      case "content_block_start":
        this.#open(event["index"], treeOf(event["content_block"]), out);
        break;
      case "content_block_delta":
        this.#blocks.get(event["index"])?.delta(treeOf(event["delta"]), out);
        break;
      case "content_block_stop":
        this.#close(event["index"], out);
        break;
      case "message_delta":
        this.#usage.push(event["usage"]);
        this.#stop(treeOf(event["delta"]), out);
        break;
      case "message_stop":
        this.done = this.#stopReason !== undefined;
        break;
      default:
        this.#refuseError(event);
    }
  }

  body(json: unknown, out: FlowEvent[]): void {
    const message = treeOf(json);
    this.#refuseError(message);
    if (!Array.isArray(message["content"])) {
      throw targetError(this.#target, "protocol_error", "the answer has no content");
    }
    this.#start(message, out);
  }

  end(out: FlowEvent[]): void {
    const raw = this.#stopReason;
    const { serviceTier } = this.#usage;
    if (serviceTier !== undefined) out.push({ type: "response", serviceTier });
    const usage = this.#usage.usage();
    if (raw === undefined) {
      // The start of the answer told what the prompt costs, and that is billed also when the rest never comes.
      if (usage !== undefined) out.push({ type: "usage", usage });
      throw targetError(this.#target, "stream_truncated", "the answer ended without a stop reason");
    }
    if (!this.#answeredThroughTool) out.push(...this.#heldText);
    if (usage !== undefined) out.push({ type: "usage", usage });
    const failed = modelFailureCode(raw);
    if (failed !== undefined) throw targetError(this.#target, failed, `the answer ended with ${raw}`);
    out.push({ type: "finish", reason: this.#finishReason(raw), raw, sample: 0 });
  }

  #refuseError(event: Tree): void {
    if (event["type"] !== "error" && !isTree(event["error"])) return;
    throw modelErrorOf({ status: undefined, body: event }, this.#target);
  }

  /** Some proxies send the start twice. With tools that call tools, a start may hold the whole message. */
  #start(message: Tree, out: FlowEvent[]): void {
    this.#usage.push(message["usage"]);
    if (this.#started) return;
    this.#started = true;
    const { id, model, content } = message;
    if (typeof id === "string" || typeof model === "string") {
      const served = typeof model === "string" ? { servedModel: model } : {};
      out.push({ type: "response", ...(typeof id === "string" && { id }), ...served });
    }
    for (const [index, block] of (Array.isArray(content) ? content : []).entries()) {
      this.#open(index, treeOf(block), out);
      this.#close(index, out);
    }
    this.#stop(message, out);
  }

  #open(index: unknown, block: Tree, out: FlowEvent[]): void {
    const reader = readBlock(block, this.#context, out);
    if (reader !== undefined) this.#blocks.set(index, reader);
  }

  #close(index: unknown, out: FlowEvent[]): void {
    const broken = this.#blocks.get(index)?.close(out);
    this.#blocks.delete(index);
    this.#brokenCall ??= broken;
  }

  #stop(delta: Tree, out: FlowEvent[]): void {
    const reason = delta["stop_reason"];
    if (typeof reason !== "string") return;
    this.#stopReason = reason;
    for (const index of [...this.#blocks.keys()]) this.#close(index, out);
    if (this.#brokenCall !== undefined && own(FINISH, reason) !== "length") {
      throw targetError(this.#target, "invalid_tool_call", this.#brokenCall);
    }
    if (reason !== "refusal") return;
    const words = refusalWords(treeOf(delta["stop_details"]));
    if (words !== undefined) out.push({ type: "refusal-delta", text: words, sample: 0 });
  }

  /** Calls decide, not the word for them: some servers say end_turn beside a call. A paused turn is no end of an answer. */
  #finishReason(raw: string): FinishReason {
    const known = own(FINISH, raw);
    if (known === "length" || known === "refusal") return known;
    if (this.#toolCalls > 0) return "tool-calls";
    if (this.#answeredThroughTool) return "stop";
    return known ?? "unknown";
  }
}

function refusalWords(details: Tree): string | undefined {
  const { explanation, category } = details;
  if (typeof explanation === "string" && explanation !== "") return explanation;
  return typeof category === "string" ? category : undefined;
}

function treeOf(value: unknown): Tree {
  return isTree(value) ? value : {};
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}
