import { asksToSearch } from "../../core/billing.ts";
import type { Decoder } from "../../core/dialect.ts";
import type { FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { Choices, leftOutAdjustment } from "../choices.ts";
import { EndMark } from "../end-mark.ts";
import { parseEvent } from "../wire-error.ts";
import { ChatSample, saidIn, withoutRepeatedCalls } from "./chat-sample.ts";
import { ChatUsage } from "./usage.ts";
import { numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

export function decodeChat(target: Target, _streaming?: boolean, request?: ModelRequest): Decoder {
  return new ChatDecoder(target, request);
}

/** How a response ended: `[DONE]`, the end of the bytes, a broken connection, or a complete body. */
type Ending = "done" | "end" | "broken" | "body";

/** The progress of one choice. */
interface Progress {
  readonly name: number;
  readonly mark: EndMark;
  content: boolean;
  finished: boolean;
}

class ChatDecoder implements Decoder {
  done = false;
  readonly #target: Target;
  readonly #wanted: number;
  readonly #deliverInvalid: boolean | undefined;
  readonly #samples = new Map<number, ChatSample>();
  /** For a request for one completion: the choices that may be parts of it. */
  readonly #choices = new Choices<WireObject>();
  readonly #progress = new Map<string, Progress>();
  readonly #usage = new ChatUsage();
  /** Why the answer failed. All buffered events are delivered before it is thrown. */
  #failure: unknown;
  #id: string | undefined;
  #servedModel: string | undefined;
  /** Distinguishes answers without an id. */
  #created = "";

  constructor(target: Target, request: ModelRequest | undefined) {
    this.#target = target;
    this.#wanted = request?.samples ?? 1;
    this.#deliverInvalid = request?.deliverInvalidCalls;
    // Search models search the web for every answer, and each search is charged.
    if (request !== undefined && asksToSearch(request.settings, request.extraBody)) this.#usage.searched();
  }

  push(data: string, event: string | undefined, out: FlowEvent[]): void {
    if (this.done) return;
    if (data.trim() === "[DONE]") {
      this.#settle("done", out);
      return;
    }
    if (event === "error") throw modelErrorOf({ status: undefined, body: data }, this.#target);
    this.#read(parseEvent(data, this.#target), out);
  }

  body(json: unknown, out: FlowEvent[]): void {
    const body = objectIn(json);
    if (!Array.isArray(body?.["choices"]))
      throw targetError(this.#target, "protocol_error", "the response has no choices");
    this.#read(body as WireObject, out, true);
    this.#settle("body", out);
  }

  end(out: FlowEvent[], broken = false): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.done) this.#settle(broken ? "broken" : "end", out);
  }

  #read(chunk: WireObject, out: FlowEvent[], whole = false): void {
    if (isError(chunk["error"])) throw modelErrorOf({ status: undefined, body: chunk }, this.#target);
    this.#readIdentity(chunk, out);
    const choices = objectsIn(chunk["choices"]);
    for (let position = 0; position < choices.length; position++) {
      const choice = choices[position] as WireObject;
      if (isError(choice["error"])) throw modelErrorOf({ status: undefined, body: choice }, this.#target);
      this.#usage.push(choice["usage"]);
      this.#usage.pushMessage(objectIn(choice["message"]) ?? objectIn(choice["delta"]) ?? {});
      if (this.#wanted > 1) this.#readSample(choice, position, whole, out);
      else this.#readPart(choice, position, whole);
    }
    if (!whole) for (const piece of this.#choices.read()) this.#sample(0).read(piece, out);
    this.#usage.push(chunk["usage"] ?? objectIn(chunk["x_groq"])?.["usage"]);
    this.#usage.pushTier(chunk);
  }

  #readIdentity(chunk: WireObject, out: FlowEvent[]): void {
    this.#created ||= String(numberIn(chunk["created"]) ?? "");
    const id = this.#id ?? textIn(chunk["id"]);
    const servedModel = this.#servedModel ?? textIn(chunk["model"]);
    if (id === this.#id && servedModel === this.#servedModel) return;
    this.#id = id;
    this.#servedModel = servedModel;
    out.push({ type: "response", ...(id !== undefined && { id }), ...(servedModel !== undefined && { servedModel }) });
  }

  #readSample(choice: WireObject, position: number, whole: boolean, out: FlowEvent[]): void {
    const index = choice["index"] ?? (whole ? position : undefined);
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= this.#wanted) {
      const words = `a choice has the index ${JSON.stringify(index)}, and ${this.#wanted} were requested`;
      throw targetError(this.#target, "protocol_error", words);
    }
    if (whole && this.#progress.has(`${index}`))
      throw targetError(this.#target, "protocol_error", `two choices have the index ${index}`);
    this.#sample(index).read(this.#note(`${index}`, index, choice).piece, out);
  }

  /** Choices of a body are distinct, even with equal indexes; those of a stream are identified by index. */
  #readPart(choice: WireObject, position: number, whole: boolean): void {
    const given = indexIn(choice["index"]);
    const key = keyOf(whole ? position : (given ?? position));
    const rank = numberIn(given) ?? position;
    const { piece, hasText } = this.#note(key, rank, choice);
    this.#choices.add(key, rank, piece, hasText);
  }

  /** The part of a choice to read, and whether it has text. */
  #note(key: string, name: number, choice: WireObject): { readonly piece: WireObject; readonly hasText: boolean } {
    let progress = this.#progress.get(key);
    if (progress === undefined) {
      progress = { name, mark: new EndMark(), content: false, finished: false };
      this.#progress.set(key, progress);
    }
    const said = saidIn(choice);
    const repeated = !progress.mark.allows(said);
    if (repeated && !this.#repeats(choice, name)) {
      const words = `choice ${name} continues after its finish reason`;
      throw targetError(this.#target, "protocol_error", words);
    }
    progress.content ||= said.content;
    progress.finished ||= said.finish;
    return { piece: repeated ? withoutRepeatedCalls(choice) : choice, hasText: said.text };
  }

  /** Whether a choice only repeats known calls: some relays send them again at the end. */
  #repeats(choice: WireObject, name: number): boolean {
    const sample = this.#samples.get(this.#wanted > 1 ? name : 0);
    return sample !== undefined && !saidIn(choice, (call) => sample.repeats(call)).content;
  }

  #sample(index: number): ChatSample {
    let sample = this.#samples.get(index);
    if (sample === undefined) {
      sample = new ChatSample(index, this.#target, () => this.#id ?? this.#created, this.#deliverInvalid);
      this.#samples.set(index, sample);
    }
    return sample;
  }

  #settle(ending: Ending, out: FlowEvent[]): void {
    try {
      this.#conclude(ending, out);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #conclude(ending: Ending, out: FlowEvent[]): void {
    try {
      this.#requireEnd(ending, out);
    } catch (error) {
      this.#bill(out);
      throw error;
    }
    this.done = true;
    const finishes: FlowEvent[] = [];
    try {
      if (this.#wanted === 1) this.#readRest(out);
      for (const [, sample] of [...this.#samples].sort(([left], [right]) => left - right))
        finishes.push(sample.finish(out));
    } finally {
      this.#bill(out);
    }
    out.push(...finishes);
  }

  #bill(out: FlowEvent[]): void {
    const { serviceTier } = this.#usage;
    if (serviceTier !== undefined) out.push({ type: "response", serviceTier });
    const usage = this.#usage.usage();
    if (usage !== undefined) out.push({ type: "usage", usage });
  }

  /** Reads the buffered choices into one answer. */
  #readRest(out: FlowEvent[]): void {
    const { joined, leftOut, lost } = this.#choices.settle();
    const [answering] = joined;
    if (lost) {
      const words = `choice ${answering?.rank} arrived after the text of another choice`;
      throw targetError(this.#target, "protocol_error", words);
    }
    const sample = this.#sample(0);
    for (const lane of joined) {
      if (lane !== answering) sample.join(out);
      for (const piece of lane.pieces) sample.read(piece, out);
    }
    if (answering === undefined || leftOut.length === 0) return;
    const ranks = leftOut.map(({ rank }) => rank);
    out.push({ type: "adjustment", adjustment: leftOutAdjustment(answering.rank, ranks) });
  }

  /** The end of the bytes does not end an answer; `[DONE]` does, unless it contradicts the choices. */
  #requireEnd(ending: Ending, out: FlowEvent[]): void {
    const choices = [...this.#progress.values()];
    const cut = ending === "end" || ending === "broken";
    if (choices.length === 0) {
      if (cut) throw targetError(this.#target, "stream_truncated", "the stream ended before an answer began");
      throw targetError(this.#target, "empty_response", "the response has no choices");
    }
    const open = this.#openChoices(choices, ending);
    if (open.length === 0) return;
    if (cut || open.length < choices.length) {
      if (this.#wanted === 1) this.#readRest(out);
      const names = open.map(({ name }) => name).join(", ");
      throw targetError(this.#target, "stream_truncated", `the stream ended in the middle of choice ${names}`);
    }
    const reason = "the answer ended without a finish reason";
    out.push({ type: "adjustment", adjustment: { setting: "finish_reason", from: undefined, to: "unknown", reason } });
  }

  /**
   * Choices without an end. If they are parts of one answer, the finish reason of an empty one ends all. After a broken
   * connection, each needs a finish reason after its content.
   */
  #openChoices(choices: readonly Progress[], ending: Ending): readonly Progress[] {
    const broken = ending === "broken";
    const open = choices.filter(({ finished, content, mark }) => !finished || (broken && content && !mark.ended));
    if (this.#wanted > 1 || open.length === choices.length) return open;
    if (!this.#choices.joins) {
      const answering = choices.reduce((lowest, choice) => (choice.name < lowest.name ? choice : lowest));
      return open.filter((choice) => choice === answering);
    }
    const said = open.filter(({ content }) => content);
    if (broken) return said;
    const closed = ending !== "end" || choices.some(({ finished, content }) => finished && !content);
    return closed ? [] : said;
  }
}

/** Some relays send the index as a string, or not in every chunk. */
function indexIn(index: unknown): unknown {
  return typeof index === "string" && /^-?\d+$/.test(index) ? Number(index) : index;
}

/** Tells 1 from "1"; nearly always it is a number. */
function keyOf(index: unknown): string {
  return typeof index === "number" ? `${index}` : JSON.stringify(index);
}

function isError(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}
