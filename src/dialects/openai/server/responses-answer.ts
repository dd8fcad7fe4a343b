import { append } from "../../../core/append.ts";
import type { FinishReason, FlowEvent } from "../../../core/event.ts";
import {
  AnswerFacts,
  type AnswerForm,
  type AnswerHead,
  type AnswerWriter,
  refuseReset,
  writeAll,
} from "../../served/answer-writer.ts";
import { idOf } from "../../served/hash.ts";
import { asObject, asObjects, type Json } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { WireEvent } from "../../server-wire.ts";
import { incompleteReason } from "../finish-reasons.ts";
import { completeLogprobs } from "../logprobs.ts";
import { readReasoningSignature, readTextSignature } from "../responses-signature.ts";
import { responsesUsage } from "../usage.ts";
import { CalledTools } from "./called-tools.ts";
import { CallItem, idPrefix } from "./responses-call-item.ts";
import { failureEvents } from "./responses-failure.ts";
import { MessageItem, OtherItem, ReasoningItem, type WrittenItem } from "./responses-items.ts";

/** Answers of the Responses API; always one completion. */
export const responsesAnswer: AnswerForm = {
  stream: (head) => new ResponsesWriter(head),
  body: (head, events) => {
    const writer = new ResponsesWriter(head);
    writeAll(writer, events);
    return writer.response;
  },
};

/** The id of the item at an index of the output. */
export function itemId(prefix: string, responseId: string, index: number): string {
  return idOf(prefix, responseId, index);
}

/** Items start in order. Several tool calls may be open at the same time. */
class ResponsesWriter implements AnswerWriter {
  readonly #head: AnswerHead;
  readonly #facts: AnswerFacts;
  readonly #items: WrittenItem[] = [];
  /** The open item of text or reasoning. */
  #openText: MessageItem | ReasoningItem | undefined;
  readonly #calls = new Map<number, CallItem>();
  readonly #tools: CalledTools;
  /** Log probabilities of the next text. */
  readonly #logprobs: Json[] = [];
  #reason: FinishReason = "unknown";
  #sequence = 0;

  constructor(head: AnswerHead) {
    this.#head = head;
    this.#facts = new AnswerFacts(head);
    this.#tools = new CalledTools(head.body);
  }

  /** The complete response. */
  get response(): Json {
    const why = incompleteReason(this.#reason);
    const { usage } = this.#facts;
    return {
      ...this.#frame(why === undefined ? "completed" : "incomplete"),
      completed_at: why === undefined ? this.#head.createdS : null,
      incomplete_details: why === undefined ? null : { reason: why },
      output: this.#written.map((item) => item.done(why !== "max_output_tokens")),
      usage: usage === undefined ? null : { ...responsesUsage(usage), ...this.#facts.usageExtras },
    };
  }

  /** Without the calls of typed tools that the token limit truncated. */
  get #written(): readonly WrittenItem[] {
    const truncated: readonly WrittenItem[] = [...this.#calls.values()].filter(({ isTyped }) => isTyped);
    return this.#items.filter((item) => !truncated.includes(item));
  }

  push(event: FlowEvent, out: WireEvent[]): void {
    refuseReset(event);
    this.#facts.push(event);
    switch (event.type) {
      case "text-delta":
        this.#sendAll(this.#message(out).text(event.text, this.#logprobs.splice(0)), out);
        break;
      case "logprobs":
        append(this.#logprobs, completeLogprobs(event.tokens));
        break;
      case "refusal-delta":
        this.#sendAll(this.#message(out).refusal(event.text), out);
        break;
      case "reasoning-delta":
        this.#sendAll(this.#reasoning(out).summary(event.text), out);
        break;
      case "signature":
        this.#sign(event, out);
        break;
      case "tool-call-start":
        this.#closeTextItem(out);
        this.#calls.set(event.index, this.#callItem(event.id, event.name, out));
        break;
      case "tool-call-delta":
        this.#sendAll(this.#calls.get(event.index)?.arguments(event.json) ?? [], out);
        break;
      case "tool-call-end": {
        const call = this.#calls.get(event.index);
        call?.complete(event.call.json, event.call.arguments);
        if (call?.isTyped) this.#sendAdded(call, out);
        this.#close(call, out);
        this.#calls.delete(event.index);
        break;
      }
      case "wire-output":
        this.#closeTextItem(out);
        this.#close(this.#begin(new OtherItem(this.#items.length, event.block), out), out);
        break;
      case "text-end":
        if (this.#openText instanceof MessageItem) this.#sendAll(this.#openText.annotate(event.annotations), out);
        break;
      case "finish":
        this.#reason = event.reason;
        break;
      default:
    }
  }

  end(out: WireEvent[]): void {
    this.#start(out);
    const complete = incompleteReason(this.#reason) !== "max_output_tokens";
    this.#closeTextItem(out, complete);
    for (const call of this.#calls.values()) if (!call.isTyped) this.#close(call, out, complete);
    const { response } = this;
    this.#send({ type: `response.${String(response.status)}`, response }, out);
  }

  fail(problem: Problem, _requestId: string, out: WireEvent[]): void {
    const response = this.#sequence > 0 ? this.#frame("in_progress") : undefined;
    out.push(...failureEvents(problem, this.#sequence, response));
  }

  keepAlive(out: WireEvent[]): void {
    if (this.#sequence === 0) this.#start(out);
    else this.#send({ type: "response.in_progress", response: this.#frame("in_progress") }, out);
  }

  #start(out: WireEvent[]): void {
    if (this.#sequence > 0) return;
    const response = this.#frame("in_progress");
    for (const type of ["response.created", "response.in_progress"]) this.#send({ type, response }, out);
  }

  #frame(status: string): Json {
    return responseFrame(this.#head, this.#facts, status);
  }

  #send(event: Json, out: WireEvent[]): void {
    out.push({ name: String(event.type), data: { ...event, sequence_number: this.#sequence } });
    this.#sequence += 1;
  }

  #sendAll(events: readonly Json[], out: WireEvent[]): void {
    for (const event of events) this.#send(event, out);
  }

  #place<Item extends WrittenItem>(item: Item, out: WireEvent[]): Item {
    this.#start(out);
    this.#items.push(item);
    return item;
  }

  #begin<Item extends WrittenItem>(item: Item, out: WireEvent[]): Item {
    this.#sendAdded(this.#place(item, out), out);
    return item;
  }

  #sendAdded(item: WrittenItem, out: WireEvent[]): void {
    this.#send({ type: "response.output_item.added", output_index: item.index, item: item.opening() }, out);
  }

  #close(item: WrittenItem | undefined, out: WireEvent[], complete = true): void {
    if (item === undefined) return;
    this.#sendAll(item.endings(), out);
    this.#send({ type: "response.output_item.done", output_index: item.index, item: item.done(complete) }, out);
  }

  #closeTextItem(out: WireEvent[], complete = true): void {
    this.#close(this.#openText, out, complete);
    this.#openText = undefined;
  }

  /** The item of a typed tool is written when its arguments are complete. */
  #callItem(callId: string, name: string, out: WireEvent[]): CallItem {
    const index = this.#items.length;
    const tool = this.#tools.of(name);
    const item = new CallItem({ index, id: itemId(idPrefix(tool), this.#facts.id, index), callId, tool });
    return item.isTyped ? this.#place(item, out) : this.#begin(item, out);
  }

  #message(out: WireEvent[]): MessageItem {
    if (this.#openText instanceof MessageItem) return this.#openText;
    this.#closeTextItem(out);
    const index = this.#items.length;
    const item = this.#begin(new MessageItem(index, itemId("msg_", this.#facts.id, index)), out);
    this.#openText = item;
    return item;
  }

  #reasoning(out: WireEvent[]): ReasoningItem {
    if (this.#openText instanceof ReasoningItem) return this.#openText;
    this.#closeTextItem(out);
    const index = this.#items.length;
    const item = this.#begin(new ReasoningItem(index, itemId("rs_", this.#facts.id, index)), out);
    this.#openText = item;
    return item;
  }

  /** A signature of another wire is written as `encrypted_content`. */
  #sign(event: Extract<FlowEvent, { type: "signature" }>, out: WireEvent[]): void {
    if (event.part === "reasoning") {
      const sealed = readReasoningSignature(event.signature) ?? { encrypted_content: event.signature };
      this.#reasoning(out).sign(sealed);
      this.#closeTextItem(out);
    } else if (event.part === "text") {
      const phase = readTextSignature(event.signature);
      if (phase === undefined) return;
      this.#message(out).setPhase(phase);
      this.#closeTextItem(out);
    }
  }
}

/** The fields of a response, most of which repeat the request. */
function responseFrame({ body, createdS }: AnswerHead, { id, model, serviceTier }: AnswerFacts, status: string): Json {
  const text = asObject(body.text);
  const reasoning = asObject(body.reasoning);
  return {
    id,
    object: "response",
    created_at: createdS,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: text?.format ?? { type: "text" }, verbosity: text?.verbosity ?? "medium" },
    tool_choice: body.tool_choice ?? "auto",
    tools: asObjects(body.tools).map((tool) =>
      tool.type === "function" ? { strict: true, parameters: null, ...tool } : tool,
    ),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? "disabled",
    metadata: body.metadata ?? {},
  };
}
