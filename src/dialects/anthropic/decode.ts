import { append } from "../../core/append.ts";
import type { Decoder } from "../../core/dialect.ts";
import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import { modelFailureCode } from "../../core/model-failure.ts";
import { own } from "../../core/own.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { AnswerIds } from "../answer-ids.ts";
import { parseEvent } from "../wire-error.ts";
import { type BlockContext, type BlockReader, carriesContent, isBlank, readBlock } from "./blocks.ts";
import { STOP_REASONS } from "./stop-reasons.ts";
import { UsageFold } from "./usage.ts";

export interface MessagesDecoderOptions {
  /** The answer is the input of the JSON tool; it is delivered as text. */
  readonly throughTool: boolean;
  /** The request wrote to the prompt cache for one hour. */
  readonly hourWrites?: boolean;
  /** See `ModelRequest.deliverInvalidCalls`. */
  readonly deliverInvalid?: boolean | undefined;
}

export function messagesDecoder(target: Target, options: MessagesDecoderOptions): Decoder {
  return new MessagesDecoder(target, options);
}

type Tree = Readonly<Record<string, unknown>>;

class MessagesDecoder implements Decoder {
  done = false;
  readonly #target: Target;
  readonly #blocks = new Map<unknown, BlockReader>();
  readonly #usage: UsageFold;
  readonly #context: BlockContext;
  /** Blocks that have ended; a signature may arrive after the end of its block. */
  readonly #closed = new Map<unknown, BlockReader>();
  /** Indexes of empty blocks after the end; they are ignored. */
  readonly #skipped = new Set<unknown>();
  /** Indexes of blocks with content; a second start would repeat it. */
  readonly #filled = new Set<unknown>();
  /** Indexes of blocks that a message start contains; they are not read again. */
  readonly #fixed = new Set<unknown>();
  #latest: BlockReader | undefined;
  readonly #ids = new AnswerIds();
  #started = false;
  #id: string | undefined;
  #spoke = false;
  /** Whether the stop reason is the end; one before all content is not. */
  #ended = false;
  #toolCalls = 0;
  #answeredThroughTool = false;
  /** Text next to the JSON tool; delivered only if the tool is not called. */
  readonly #heldText: FlowEvent[] = [];
  #stopReason: string | undefined;
  /** A call with invalid JSON arguments: an error, unless the answer was truncated by the token limit. */
  #brokenCall: string | undefined;
  /** The end of a call with invalid arguments, which is delivered once it is known that no token limit cut it. */
  #heldEnd: FlowEvent | undefined;

  constructor(target: Target, options: MessagesDecoderOptions) {
    this.#target = target;
    this.#usage = new UsageFold(options.hourWrites);
    this.#context = {
      throughTool: options.throughTool,
      deliverInvalid: options.deliverInvalid,
      heldText: this.#heldText,
      nextCall: (given, out) => {
        const index = this.#toolCalls++;
        return { index, id: this.#ids.take(given, () => `call_${index}`, out) };
      },
      answered: () => {
        this.#answeredThroughTool = true;
      },
    };
  }

  push(data: string, name: string | undefined, out: FlowEvent[]): void {
    if (this.done) return;
    if (data.trim() === "[DONE]") {
      this.done = true;
      return;
    }
    const event = parseEvent(data, this.#target);
    switch (event["type"] ?? name) {
      case "message_start":
        this.#start(treeOf(event["message"]), out);
        break;
      case "content_block_start":
        this.#open(event["index"], treeOf(event["content_block"]), out);
        break;
      case "content_block_delta":
        this.#delta(event["index"], treeOf(event["delta"]), out);
        break;
      case "content_block_stop":
        this.#close(event["index"], out);
        break;
      case "message_delta":
        this.#usage.push(event["usage"]);
        this.#note(treeOf(event["delta"]), out);
        this.#stop(treeOf(event["delta"]), out);
        break;
      case "message_stop":
        this.done = true;
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

  /** After a broken connection, only a stop reason after content proves the end. */
  end(out: FlowEvent[], broken = false): void {
    this.#latest?.seal?.(out);
    const raw = broken && !this.#ended ? undefined : this.#stopReason;
    const { serviceTier } = this.#usage;
    if (serviceTier !== undefined) out.push({ type: "response", serviceTier });
    const usage = this.#usage.usage();
    if (raw === undefined) {
      // The message start reported the prompt tokens, which are billed even if the rest never arrives.
      if (usage !== undefined) out.push({ type: "usage", usage });
      throw targetError(this.#target, "stream_truncated", "the answer ended without a stop reason");
    }
    if (!this.#answeredThroughTool) append(out, this.#heldText);
    if (usage !== undefined) out.push({ type: "usage", usage });
    const failed = modelFailureCode(raw);
    if (failed !== undefined) throw targetError(this.#target, failed, `the answer ended with ${raw}`);
    out.push({ type: "finish", reason: this.#finishReason(raw), raw, sample: 0 });
  }

  #refuseError(event: Tree): void {
    if (event["type"] !== "error" && !isTree(event["error"])) return;
    throw modelErrorOf({ status: undefined, body: event }, this.#target);
  }

  /** Some proxies send the start twice. With programmatic tool calls, a start may contain the complete message. */
  #start(message: Tree, out: FlowEvent[]): void {
    this.#usage.push(message["usage"]);
    if (this.#started) {
      this.#startAgain(message["id"]);
      return;
    }
    this.#started = true;
    const { id, model, content } = message;
    if (typeof id === "string") this.#id = id;
    if (typeof id === "string" || typeof model === "string") {
      const served = typeof model === "string" ? { servedModel: model } : {};
      out.push({ type: "response", ...(typeof id === "string" && { id }), ...served });
    }
    for (const [index, block] of (Array.isArray(content) ? content : []).entries()) {
      this.#open(index, treeOf(block), out);
      // An empty block is only announced; its start and its text follow.
      if (!this.#filled.has(index)) continue;
      this.#close(index, out);
      this.#fixed.add(index);
    }
    this.#spoke = false;
    this.#note(message, out);
    this.#stop(message, out);
  }

  /** The container of the provider's tools, which the next request may name. */
  #note({ container }: Tree, out: FlowEvent[]): void {
    if (!isTree(container)) return;
    out.push({ type: "wire-output", ofMessage: true, wire: "anthropic", block: { container }, sample: 0 });
  }

  #startAgain(id: unknown): void {
    if (typeof id === "string" && this.#id !== undefined && id !== this.#id) {
      throw this.#broken("another message started before the end of this one");
    }
    for (const index of this.#filled) this.#fixed.add(index);
  }

  #open(index: unknown, block: Tree, out: FlowEvent[]): void {
    const blank = isBlank(block);
    const isOpen = this.#blocks.has(index);
    // An empty block after the end is ignored; text for it is an error.
    if (blank && (this.#ended || (this.#fixed.has(index) && !isOpen))) {
      this.#skipped.add(index);
      return;
    }
    this.#requireOpen();
    if (this.#fixed.has(index) || (isOpen && this.#filled.has(index))) {
      throw this.#broken(`content block ${index} started twice`);
    }
    this.#latest?.seal?.(out);
    this.#deliverHeld(out);
    // Citations belong to the text of their block.
    if (block["type"] === "text" && Array.isArray(block["citations"]) && !this.#context.throughTool)
      out.push({ type: "text-end", wire: "anthropic", annotations: [], sample: 0 });
    this.#latest = readBlock(block, this.#context, out);
    this.#blocks.set(index, this.#latest);
    this.#closed.delete(index);
    if (!blank) this.#filled.add(index);
    this.#spoke = true;
  }

  /** A delta without a block, or of another type, means that events are missing. */
  #delta(index: unknown, delta: Tree, out: FlowEvent[]): void {
    const block = this.#blocks.get(index);
    if (!carriesContent(delta)) {
      block?.delta(delta, out);
      return;
    }
    this.#filled.add(index);
    if (block?.delta(delta, out) === true || this.#signLate(index, delta)) return;
    this.#requireOpen();
    const what = block === undefined ? "that is not open" : "of another kind";
    throw this.#broken(`a ${delta["type"]} came for content block ${index}, ${what}`);
  }

  /** A signature after the end of a block belongs to it until another block starts. */
  #signLate(index: unknown, delta: Tree): boolean {
    const block = this.#closed.get(index);
    if (block?.sign === undefined || delta["type"] !== "signature_delta") return false;
    return block.sign(delta["signature"], block === this.#latest);
  }

  /**
   * A second end of a block is ignored, but an end without a start means that events are missing. Without an index, all
   * blocks end with the message.
   */
  #close(index: unknown, out: FlowEvent[]): void {
    const block = this.#blocks.get(index);
    if (block === undefined) {
      if (index === undefined || this.#closed.has(index) || this.#skipped.has(index)) return;
      throw this.#broken(`content block ${index} ended and never began`);
    }
    this.#blocks.delete(index);
    this.#closed.set(index, block);
    const broken = block.close(out);
    if (broken?.end === undefined) this.#brokenCall ??= broken?.problem;
    else {
      this.#deliverHeld(out);
      this.#heldEnd = broken.end;
    }
  }

  #deliverHeld(out: FlowEvent[]): void {
    if (this.#heldEnd !== undefined) out.push(this.#heldEnd);
    this.#heldEnd = undefined;
  }

  #requireOpen(): void {
    if (this.#ended) throw this.#broken(`content came after the end of the message (stop_reason ${this.#stopReason})`);
    // A finish reason before the content does not end it.
    this.#stopReason = undefined;
  }

  #broken(words: string): Error {
    return targetError(this.#target, "protocol_error", words);
  }

  #stop(delta: Tree, out: FlowEvent[]): void {
    const reason = delta["stop_reason"];
    if (typeof reason !== "string" || reason === "" || reason === this.#stopReason) return;
    this.#ended ||= this.#spoke;
    this.#stopReason = reason;
    for (const index of [...this.#blocks.keys()]) this.#close(index, out);
    if (own(STOP_REASONS, reason) !== "length") {
      this.#deliverHeld(out);
      if (this.#brokenCall !== undefined) throw targetError(this.#target, "invalid_tool_call", this.#brokenCall);
    }
    if (reason !== "refusal") return;
    const words = refusalWords(treeOf(delta["stop_details"]));
    if (words !== undefined) out.push({ type: "refusal-delta", text: words, sample: 0 });
  }

  /** Any tool call makes it `tool-calls`: some servers send end_turn with a call. A paused turn is not the end. */
  #finishReason(raw: string): FinishReason {
    const known = own(STOP_REASONS, raw);
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
