import type { Anthropic } from "@anthropic-ai/sdk";
import type { FinishReason, FlowEvent } from "../../../core/event.ts";
import { NO_USAGE } from "../../../core/usage.ts";
import { samplesOf, type WrittenCall, type WrittenPart, type WrittenText } from "../../served/answer-parts.ts";
import {
  AnswerFacts,
  type AnswerForm,
  type AnswerHead,
  type AnswerWriter,
  refuseReset,
} from "../../served/answer-writer.ts";
import type { Json } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { WireEvent } from "../../server-wire.ts";
import { stopReasonOf } from "../stop-reasons.ts";
import { messagesUsage } from "../usage.ts";
import { anthropicProblem } from "./write-error.ts";

export interface MessagesHead extends AnswerHead {
  /** The stop sequence that ended the answer. */
  readonly stopSequence?: string | undefined;
}

/** Answers of the Messages API; always one completion. */
export const messagesAnswer: AnswerForm<MessagesHead> = {
  stream: (head) => new MessagesWriter(head),
  body: writeBody,
};

interface Finish {
  readonly reason: FinishReason;
  readonly raw?: string | undefined;
}

const UNKNOWN: Finish = { reason: "unknown" };

/** Blocks start in order. Several tool calls may be open at the same time. */
class MessagesWriter implements AnswerWriter {
  readonly #head: MessagesHead;
  readonly #facts: AnswerFacts;
  #started = false;
  #blocks = 0;
  /** The open block of text or thinking. */
  #openText: { readonly kind: "text" | "thinking"; readonly index: number } | undefined;
  /** Block index of each open tool call. */
  readonly #calls = new Map<number, number>();
  #refusal = "";
  #container: unknown = null;
  #finish: Finish = UNKNOWN;

  constructor(head: MessagesHead) {
    this.#head = head;
    this.#facts = new AnswerFacts(head);
  }

  push(event: FlowEvent, out: WireEvent[]): void {
    refuseReset(event);
    this.#facts.push(event);
    switch (event.type) {
      case "text-delta":
        this.#delta(this.#textBlock("text", out), { type: "text_delta", text: event.text }, out);
        break;
      case "reasoning-delta":
        this.#delta(this.#textBlock("thinking", out), { type: "thinking_delta", thinking: event.text }, out);
        break;
      case "signature":
        if (event.part === "reasoning") this.#sign(event.signature, event.redacted === true, out);
        break;
      case "tool-call-start":
        this.#closeTextBlock(out);
        this.#calls.set(event.index, this.#begin(callBlock(event.id, event.name, {}), out));
        break;
      case "tool-call-delta":
        this.#delta(this.#calls.get(event.index), { type: "input_json_delta", partial_json: event.json }, out);
        break;
      case "tool-call-end":
        this.#stop(this.#calls.get(event.index), out);
        this.#calls.delete(event.index);
        break;
      case "wire-output":
        if (event.ofMessage === true) this.#container = event.block.container;
        else this.#other(event.block, out);
        break;
      case "text-end":
        this.#cite(event.annotations, out);
        break;
      case "refusal-delta":
        this.#refusal += event.text;
        break;
      case "finish":
        this.#finish = event;
        break;
      default:
    }
  }

  end(out: WireEvent[]): void {
    this.#start(out);
    this.#closeTextBlock(out);
    for (const index of this.#calls.values()) this.#stop(index, out);
    const delta = {
      ...endOf(this.#finish, this.#refusal, this.#head),
      container: this.#container as Delta["container"],
    };
    this.#send({ type: "message_delta", delta, usage: finalUsageOf(this.#facts) }, out);
    this.#send({ type: "message_stop" }, out);
  }

  fail(problem: Problem, requestId: string, out: WireEvent[]): void {
    out.push({ name: "error", data: anthropicProblem(problem, requestId).body });
  }

  keepAlive(out: WireEvent[]): void {
    this.#send({ type: "ping" }, out);
  }

  /** Usage is usually known only at the end. If it is known at the start, `message_start` has the prompt counts. */
  #start(out: WireEvent[]): void {
    if (this.#started) return;
    this.#started = true;
    const output_tokens = this.#facts.usage === undefined ? 0 : 1;
    const usage = { ...usageOf(this.#facts), output_tokens, output_tokens_details: null };
    this.#send({ type: "message_start", message: messageOf(this.#facts, [], NO_END, usage) }, out);
    this.#send({ type: "ping" }, out);
  }

  #send(event: Anthropic.RawMessageStreamEvent | { readonly type: "ping" }, out: WireEvent[]): void {
    out.push({ name: event.type, data: event });
  }

  #begin(content_block: Anthropic.ContentBlock, out: WireEvent[]): number {
    this.#start(out);
    const index = this.#blocks;
    this.#blocks += 1;
    this.#send({ type: "content_block_start", index, content_block }, out);
    return index;
  }

  #delta(index: number | undefined, delta: Anthropic.RawContentBlockDelta, out: WireEvent[]): void {
    if (index !== undefined) this.#send({ type: "content_block_delta", index, delta }, out);
  }

  #stop(index: number | undefined, out: WireEvent[]): void {
    if (index !== undefined) this.#send({ type: "content_block_stop", index }, out);
  }

  #textBlock(kind: "text" | "thinking", out: WireEvent[]): number {
    if (this.#openText?.kind === kind) return this.#openText.index;
    this.#closeTextBlock(out);
    const block = textBlock({ type: kind === "text" ? kind : "reasoning", text: "" });
    this.#openText = { kind, index: this.#begin(block, out) };
    return this.#openText.index;
  }

  /** A block of the provider. Its input comes as a delta, as in its own streams. */
  #other(block: Json, out: WireEvent[]): void {
    this.#closeTextBlock(out);
    const { input } = block;
    const begun = input === undefined ? block : { ...block, input: {} };
    const index = this.#begin(begun as unknown as Anthropic.ContentBlock, out);
    if (input !== undefined) this.#delta(index, { type: "input_json_delta", partial_json: JSON.stringify(input) }, out);
    this.#stop(index, out);
  }

  #cite(citations: readonly Json[], out: WireEvent[]): void {
    for (const citation of citations as unknown as readonly Anthropic.CitationsDelta["citation"][])
      this.#delta(this.#textBlock("text", out), { type: "citations_delta", citation }, out);
    if (this.#openText?.kind === "text") this.#closeTextBlock(out);
  }

  #closeTextBlock(out: WireEvent[]): void {
    this.#stop(this.#openText?.index, out);
    this.#openText = undefined;
  }

  #sign(signature: string, redacted: boolean, out: WireEvent[]): void {
    if (redacted) {
      this.#closeTextBlock(out);
      this.#stop(this.#begin({ type: "redacted_thinking", data: signature }, out), out);
      return;
    }
    this.#delta(this.#textBlock("thinking", out), { type: "signature_delta", signature }, out);
    this.#closeTextBlock(out);
  }
}

/** Everything that the SDK's type requires; what a gateway cannot know is null. */
function messageOf(
  facts: AnswerFacts,
  content: Anthropic.ContentBlock[],
  end: Anthropic.RawMessageDeltaEvent.Delta,
  usage: Anthropic.Usage,
) {
  const frame = { id: facts.id, type: "message", role: "assistant", model: facts.model, diagnostics: null } as const;
  return { ...frame, content, ...end, usage } satisfies Anthropic.Message;
}

function usageOf({ usage, serviceTier }: AnswerFacts): Anthropic.Usage {
  const service_tier = (serviceTier ?? null) as Anthropic.Usage["service_tier"];
  return { ...messagesUsage(usage ?? NO_USAGE), service_tier };
}

function finalUsageOf(facts: AnswerFacts): Anthropic.Usage {
  return { ...usageOf(facts), ...facts.usageExtras };
}

type Delta = Anthropic.RawMessageDeltaEvent.Delta;

const NO_END: Delta = { container: null, stop_reason: null, stop_sequence: null, stop_details: null };

function endOf({ reason, raw }: Finish, refusal: string, { stopSequence }: MessagesHead): Delta {
  const word = stopSequence === undefined ? stopReasonOf(reason, raw) : "stop_sequence";
  const details = { type: "refusal", category: null, explanation: refusal === "" ? null : refusal } as const;
  return {
    container: null,
    stop_reason: word,
    stop_sequence: stopSequence ?? null,
    stop_details: word === "refusal" ? details : null,
  };
}

function writeBody(head: MessagesHead, events: Iterable<FlowEvent>): Json {
  const list = [...events];
  const facts = new AnswerFacts(head);
  for (const event of list) facts.push(event);
  const [sample] = samplesOf(list);
  const content = (sample?.parts ?? []).flatMap(blocksOf);
  const end = endOf(sample ?? UNKNOWN, sample?.refusal ?? "", head);
  const { container = null } = (sample?.fields ?? {}) as Partial<Pick<Delta, "container">>;
  return messageOf(facts, content, { ...end, container }, finalUsageOf(facts));
}

function blocksOf(part: WrittenPart): readonly Anthropic.ContentBlock[] {
  if (part.type === "other") return [part.block as unknown as Anthropic.ContentBlock];
  return part.type === "call" ? callBlocks(part) : [textBlock(part)];
}

function textBlock({ type, text, signature = "", redacted, annotations }: WrittenText): Anthropic.ContentBlock {
  const citations = (annotations ?? null) as unknown as Anthropic.TextBlock["citations"];
  if (type === "text") return { type, text, citations };
  if (redacted === true) return { type: "redacted_thinking", data: signature };
  return { type: "thinking", thinking: text, signature };
}

/** A truncated call is omitted: its input is not valid JSON. */
function callBlocks({ id, name, arguments: input }: WrittenCall): readonly Anthropic.ToolUseBlock[] {
  return input === undefined ? [] : [callBlock(id, name, input)];
}

function callBlock(id: string, name: string, input: unknown): Anthropic.ToolUseBlock {
  return { type: "tool_use", id, name, input, caller: { type: "direct" } };
}
