import type { FlowEvent } from "../../core/event.ts";
import { own } from "../../core/own.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { AnswerIds } from "../answer-ids.ts";
import { InitialText } from "./initial-text.ts";
import { logprobsIn } from "./logprobs.ts";
import { OpenCall } from "./open-call.ts";
import { CALL_KINDS, contentOf, ItemTable, type OutputItem } from "./output-item.ts";
import { signItem, signReasoning, signText } from "./responses-signature.ts";
import { synthesizeToolId } from "./tool-ids.ts";
import { listIn, numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

type Channel = "text" | "refusal" | "summary" | "thought" | "diff";

/** The events of one text: the item type, the channel, and the fields of its index and its complete text. */
interface TextEvents {
  readonly type: string;
  readonly channel: Channel;
  readonly index: string;
  readonly whole: string;
}

const TEXTS: Readonly<Record<string, TextEvents>> = {
  "response.output_text": { type: "message", channel: "text", index: "content_index", whole: "text" },
  "response.refusal": { type: "message", channel: "refusal", index: "content_index", whole: "refusal" },
  "response.reasoning_summary_text": { type: "reasoning", channel: "summary", index: "summary_index", whole: "text" },
  "response.reasoning_text": { type: "reasoning", channel: "thought", index: "content_index", whole: "text" },
  "response.apply_patch_call_operation_diff": { type: "apply_patch_call", channel: "diff", index: "", whole: "diff" },
};

/** The events of arguments, with the field of the complete ones. */
const ARGUMENTS: Readonly<Record<string, { readonly type: string; readonly whole: string }>> = {
  "response.function_call_arguments": { type: "function_call", whole: "arguments" },
  "response.custom_tool_call_input": { type: "custom_tool_call", whole: "input" },
};

/** Items with a name and streamed arguments. */
const ARGUMENT_TYPES = { function_call: true, custom_tool_call: true } as const;

/** Parts of a message or of reasoning, by type. */
const PARTS: Readonly<Record<string, string>> = {
  output_text: "response.output_text",
  refusal: "response.refusal",
  summary_text: "response.reasoning_summary_text",
  reasoning_text: "response.reasoning_text",
};

/** The texts that a new item may contain: their channel, array and field. */
const OPENINGS = {
  message: [
    ["text", "content", "text"],
    ["refusal", "content", "refusal"],
  ],
  reasoning: [
    ["summary", "summary", "text"],
    ["thought", "content", "text"],
  ],
} as const;

const SHOWN_AS = {
  text: "text-delta",
  refusal: "refusal-delta",
  summary: "reasoning-delta",
  thought: "reasoning-delta",
} as const;

/**
 * Collects the output items of a response. The API repeats everything: texts and items in their `.done` events, and all of it
 * in the complete response. If a repetition extends the deltas, the rest is emitted; any other difference is an error. Items
 * other than messages, reasoning and calls for the client belong to the provider's own tools.
 */
export class OutputItems {
  calls = 0;
  refused = false;
  readonly #target: Target;
  readonly #seed: () => string;
  readonly #deliverInvalid: boolean | undefined;
  readonly #table = new ItemTable();
  readonly #ids = new AnswerIds();
  /** The item of the last delta, for each channel. */
  readonly #speakers = new Map<string, OutputItem>();

  constructor(target: Target, seed: () => string, deliverInvalid?: boolean) {
    this.#target = target;
    this.#seed = seed;
    this.#deliverInvalid = deliverInvalid;
  }

  get empty(): boolean {
    return this.#table.items.length === 0;
  }

  read(type: string, event: WireObject, out: FlowEvent[]): void {
    const item = objectIn(event["item"]);
    const index = numberIn(event["output_index"]);
    if (type === "response.output_item.added") {
      if (item !== undefined) this.#begin(this.#table.ofAdded(item, index), item, out);
    } else if (type === "response.output_item.done") {
      if (item !== undefined) this.#repeat(this.#table.ofFinished(item, index), item, out);
    } else if (type.endsWith("_part.added") || type.endsWith("_part.done")) this.#part(type, event, out);
    else if (type.startsWith("response.audio")) out.push({ type: "other-output", sample: 0 });
    else if (type.endsWith(".delta")) this.#delta(type.slice(0, -".delta".length), event, out);
    else if (type.endsWith(".done")) this.#done(type.slice(0, -".done".length), event, out);
  }

  /** Reads the items of the complete response that were not repeated before. */
  serve(output: unknown, out: FlowEvent[]): void {
    for (const [item, wire] of this.#table.ofOutput(objectsIn(output))) this.#finish(item, wire, out);
  }

  /** Ends the calls. `lossy`: events of the stream are missing, so an item without a repetition may be incomplete. */
  end(out: FlowEvent[], cut: boolean, lossy: boolean): void {
    const items = [...this.#table.items].sort((left, right) => (left.index ?? 0) - (right.index ?? 0));
    for (const item of items) {
      if (!item.finished && lossy && !cut)
        throw this.#wrong(`events are missing, and ${named(item)} was never completed`);
      this.#showOpened(item, out);
      if (own(CALL_KINDS, item.type) !== undefined) this.#endCall(item, out, cut);
    }
  }

  #begin(item: OutputItem, wire: WireObject, out: FlowEvent[]): void {
    const kind = own(CALL_KINDS, item.type);
    if (kind === "function" || kind === "custom") {
      const opened = kind === "custom" ? (textIn(wire["input"]) ?? "") : argumentsIn(wire["arguments"]);
      if (!isPlaceholder(opened) && item.early === "" && item.call?.text.empty !== false)
        item.opening = new InitialText(opened);
      this.#callOf(item, textIn(wire["name"]), out);
    }
    const openings = item.type === "message" ? OPENINGS.message : item.type === "reasoning" ? OPENINGS.reasoning : [];
    for (const [channel, list, field] of openings)
      for (const [part, text] of texts(wire[list], field).entries()) item[channel].open(part, text);
  }

  /** Some servers send a text or arguments only in the `added` event of the item or its part. */
  #showOpened(item: OutputItem, out: FlowEvent[]): void {
    const args = item.opening.end();
    if (args === undefined) throw this.#differs(item);
    item.call?.add(undefined, args, out);
    for (const channel of ["text", "refusal", "summary"] as const)
      this.#complete(item, channel, item[channel].complementOpened(), out);
    if (item.summary.text === "") this.#complete(item, "thought", item.thought.complementOpened(), out);
  }

  #part(type: string, event: WireObject, out: FlowEvent[]): void {
    const summary = type.startsWith("response.reasoning_summary");
    const part = objectIn(event["part"]);
    const kind = own(PARTS, textIn(part?.["type"]) ?? (summary ? "summary_text" : "output_text"));
    if (kind === undefined) return;
    if (type.endsWith(".done")) this.#done(kind, { ...part, ...event, ...textsOf(part) }, out);
    else this.#open(own(TEXTS, kind), event, part);
  }

  #open(texts: TextEvents | undefined, event: WireObject, part: WireObject | undefined): void {
    if (texts === undefined) return;
    const item = this.#table.ofDelta(texts.type, textIn(event["item_id"]), numberIn(event["output_index"]));
    item.parts += 1;
    if (!item.finished) item[texts.channel].open(partOf(item, texts, event), textIn(part?.[texts.whole]) ?? "");
  }

  #delta(kind: string, event: WireObject, out: FlowEvent[]): void {
    const delta = textIn(event["delta"]);
    const texts = own(TEXTS, kind);
    const type = texts?.type ?? own(ARGUMENTS, kind)?.type;
    if (delta === undefined || type === undefined) return;
    const item = this.#table.ofDelta(type, textIn(event["item_id"]), numberIn(event["output_index"]));
    if (item.finished) throw this.#wrong(`${named(item)} goes on after it was completed`);
    if (texts !== undefined) {
      this.#addLogprobs(item, event["logprobs"], out);
      this.#addText(item, texts.channel, partOf(item, texts, event), delta, out);
    } else this.#addArguments(item, item.opening.add(delta), out);
  }

  #addLogprobs(item: OutputItem, list: unknown, out: FlowEvent[]): void {
    const events = logprobsIn(list, 0);
    item.hasLogprobs ||= events.length > 0;
    out.push(...events);
  }

  #addArguments(item: OutputItem, piece: string, out: FlowEvent[]): void {
    if (item.call === undefined) item.early += piece;
    else item.call.add(undefined, piece, out);
  }

  #done(kind: string, event: WireObject, out: FlowEvent[]): void {
    const texts = own(TEXTS, kind);
    const args = own(ARGUMENTS, kind);
    const whole = textIn(event[texts?.whole ?? args?.whole ?? ""]);
    if (whole === undefined) return;
    const id = textIn(event["item_id"]);
    const item = this.#table.ofDone(texts?.type ?? args?.type ?? "", id, numberIn(event["output_index"]));
    if (item.finished && texts !== undefined) return;
    if (texts !== undefined)
      this.#complete(item, texts.channel, item[texts.channel].complement(partOf(item, texts, event), whole), out);
    else this.#completeCall(item, undefined, whole, out);
  }

  #repeat(item: OutputItem, wire: WireObject, out: FlowEvent[]): void {
    if (item.finished && item.content !== contentOf(wire)) throw this.#differs(item);
    this.#finish(item, wire, out);
  }

  /** Reads the complete item. It is delivered once, however often the server repeats it. */
  #finish(item: OutputItem, wire: WireObject, out: FlowEvent[]): void {
    if (item.finished) return;
    item.content = contentOf(wire);
    const kind = own(CALL_KINDS, item.type);
    if (item.type === "message") this.#finishMessage(item, wire, out);
    else if (item.type === "reasoning") this.#finishReasoning(item, wire, out);
    else if (kind === undefined || isHosted(wire)) {
      out.push({ type: "other-output", sample: 0, wire: WIRE });
      out.push({ type: "wire-output", wire: WIRE, block: wire, sample: 0 });
    } else this.#finishCall(item, wire, out);
    item.finished = true;
  }

  #finishMessage(item: OutputItem, wire: WireObject, out: FlowEvent[]): void {
    if (!item.hasLogprobs)
      for (const part of objectsIn(wire["content"])) this.#addLogprobs(item, part["logprobs"], out);
    this.#complete(item, "text", item.text.complementAll(texts(wire["content"], "text")), out);
    this.#complete(item, "refusal", item.refusal.complementAll(texts(wire["content"], "refusal")), out);
    if (objectsIn(wire["content"]).some(({ type }) => type === "output_audio"))
      out.push({ type: "other-output", sample: 0 });
    const annotations = objectsIn(wire["content"]).flatMap((part) => objectsIn(part["annotations"]));
    if (annotations.length > 0) out.push({ type: "text-end", wire: WIRE, annotations, sample: 0 });
    const signature = signText(wire);
    if (signature !== undefined && item.text.text !== "" && this.#speakers.get("text-delta") === item)
      out.push({ type: "signature", part: "text", signature, sample: 0 });
  }

  /** The summary is delivered as the reasoning; the reasoning text only without a summary, or if it was streamed. */
  #finishReasoning(item: OutputItem, wire: WireObject, out: FlowEvent[]): void {
    const summary = texts(wire["summary"], "text");
    const reads = item.summary.text !== "" || item.thought.text === "";
    if (reads) this.#complete(item, "summary", item.summary.complementAll(summary), out);
    if (item.thought.text !== "" || item.summary.text === "")
      this.#complete(item, "thought", item.thought.complementAll(texts(wire["content"], "text")), out);
    const signature = signReasoning(wire);
    if (signature !== undefined) out.push({ type: "signature", part: "reasoning", signature, sample: 0 });
  }

  #finishCall(item: OutputItem, wire: WireObject, out: FlowEvent[]): void {
    const operation = objectIn(wire["operation"]) ?? objectIn(wire["action"]);
    switch (item.type) {
      case "function_call":
        this.#completeCall(item, textIn(wire["name"]), argumentsIn(wire["arguments"]), out);
        break;
      case "custom_tool_call":
        this.#completeCall(item, textIn(wire["name"]), textIn(wire["input"]) ?? "", out);
        break;
      default: {
        const diff = textIn(operation?.["diff"]);
        if (diff !== undefined && item.diff.complementAll([diff]) === undefined) throw this.#differs(item);
        this.#completeCall(item, item.type.replace(/_call$/, ""), JSON.stringify(operation ?? {}), out);
      }
    }
    item.call?.sign(signItem(wire));
  }

  #completeCall(item: OutputItem, name: string | undefined, whole: string, out: FlowEvent[]): void {
    const call = this.#callOf(item, name, out);
    if (whole.trim() !== "") item.opening = new InitialText("");
    if (call === undefined) item.early ||= whole;
    else if (!call.complement(name, whole, out)) throw this.#differs(item);
  }

  /** The call of an item, once it has started. */
  #callOf(item: OutputItem, name: string | undefined, out: FlowEvent[]): OpenCall | undefined {
    if (item.call === undefined && name === undefined) return undefined;
    if (item.call === undefined) {
      const id = this.#ids.take(item.callId, () => synthesizeToolId(`${this.#seed()} 0 ${this.calls}`), out);
      item.call = new OpenCall(this.calls, id, own(CALL_KINDS, item.type) ?? "function", 0);
      this.calls += 1;
    }
    item.call.add(name, item.early, out);
    item.early = "";
    return item.call;
  }

  #endCall(item: OutputItem, out: FlowEvent[], cut: boolean): void {
    const { call, type, finished } = item;
    const whole = call?.kind === "custom" ? finished : call?.text.complete === true;
    if (cut && !whole) return;
    if (call === undefined) {
      if (own(ARGUMENT_TYPES, type) !== undefined)
        throw targetError(this.#target, "invalid_tool_call", "a tool call has no name");
      // A hosted shell is not a call for the client.
      if (finished) return;
      throw this.#wrong(`${named(item)} was never completed`);
    }
    const checked = call.end(out, this.#deliverInvalid);
    if ("problem" in checked) throw targetError(this.#target, "invalid_tool_call", checked.problem);
  }

  #addText(item: OutputItem, channel: Channel, part: number, delta: string, out: FlowEvent[]): void {
    const text = item[channel];
    if (channel !== "diff" && this.#isOvertaken(item, SHOWN_AS[channel], text.text !== ""))
      throw this.#wrong(`${named(item)} continues after the text of another item`);
    const fresh = text.add(part, delta);
    if (fresh === undefined) throw this.#wrong(`${named(item)} continues after a part of it was completed`);
    this.#show(item, channel, fresh, out);
  }

  /** Whether text of a later item was delivered, or of one with the same index that started after this one. */
  #isOvertaken(item: OutputItem, kind: string, begun: boolean): boolean {
    const last = this.#speakers.get(kind);
    if (last === undefined || last === item) return false;
    const [before, here] = [last.index, item.index];
    return before === undefined || here === undefined || before === here ? begun : here < before;
  }

  #complete(item: OutputItem, channel: Channel, rest: string | undefined, out: FlowEvent[]): void {
    if (rest === undefined) throw this.#differs(item);
    if (rest !== "" && channel !== "diff" && !this.#mayFollow(item, SHOWN_AS[channel]))
      throw this.#wrong(`the rest of ${named(item)} arrived after other text`);
    this.#show(item, channel, rest, out);
  }

  /** Text cannot be inserted before the delivered text of a later item. */
  #mayFollow(item: OutputItem, kind: string): boolean {
    const last = this.#speakers.get(kind);
    if (last === undefined || last === item) return true;
    const [before, here] = [last.index, item.index];
    return before === undefined || here === undefined || before < here;
  }

  #show(item: OutputItem, channel: Channel, text: string, out: FlowEvent[]): void {
    if (text === "" || channel === "diff") return;
    if (channel === "refusal") this.refused = true;
    this.#speakers.set(SHOWN_AS[channel], item);
    out.push({ type: SHOWN_AS[channel], text, sample: 0 });
  }

  #differs(item: OutputItem): Error {
    return this.#wrong(`${named(item)} was completed with content that differs from its deltas`);
  }

  #wrong(words: string): Error {
    return targetError(this.#target, "protocol_error", words);
  }
}

const WIRE = "openai-responses";

function named({ type, index }: OutputItem): string {
  return index === undefined ? `the ${type} item` : `the ${type} item ${index}`;
}

function partOf(item: OutputItem, { index }: TextEvents, event: WireObject): number {
  return numberIn(event[index]) ?? Math.max(0, item.parts - 1);
}

function textsOf(part: WireObject | undefined): WireObject {
  return part === undefined ? {} : { text: part["text"], refusal: part["refusal"] };
}

function texts(parts: unknown, field: string): readonly string[] {
  return objectsIn(parts).map((part) => textIn(part[field]) ?? "");
}

/** Some servers send the object itself. */
function argumentsIn(value: unknown): string {
  if (typeof value === "string") return value;
  return objectIn(value) === undefined && listIn(value).length === 0 ? "" : JSON.stringify(value);
}

/** Empty arguments. */
function isPlaceholder(text: string): boolean {
  return ["", "{}", "null"].includes(text.replace(/\s/g, ""));
}

/** A shell in the provider's container is one of its own tools. */
function isHosted(wire: WireObject): boolean {
  return textIn(objectIn(wire["environment"])?.["type"])?.startsWith("container") === true;
}
