import { asksToSearch } from "../../core/billing.ts";
import type { Decoder } from "../../core/dialect.ts";
import type { FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { parseEvent, targetError } from "../wire-error.ts";
import { ChatSample } from "./chat-sample.ts";
import { ChatUsage } from "./usage.ts";
import { numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

export function decodeChat(target: Target, _streaming?: boolean, request?: ModelRequest): Decoder {
  return new ChatDecoder(target, request !== undefined && asksToSearch(request.settings, request.extraBody));
}

/** How an answer came to its end: the word of the protocol, the end of the bytes, or a body in one piece. */
type Ending = "done" | "end" | "body";

/** No provider gives more completions at once; a larger index is a broken server. */
const MOST_SAMPLES = 256;

class ChatDecoder implements Decoder {
  done = false;
  readonly #target: Target;
  readonly #samples = new Map<number, ChatSample>();
  readonly #usage = new ChatUsage();
  #id: string | undefined;
  #servedModel: string | undefined;
  /** Tells answers apart that have no id. */
  #created = "";

  /** Models that search the web do so in every answer, and each is charged. */
  constructor(target: Target, searches: boolean) {
    this.#target = target;
    if (searches) this.#usage.searched();
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
      throw targetError(this.#target, "protocol_error", "the answer has no choices");
    this.#read(body as WireObject, out);
    this.#settle("body", out);
  }

  end(out: FlowEvent[]): void {
    if (!this.done) this.#settle("end", out);
  }

  #read(chunk: WireObject, out: FlowEvent[]): void {
    if (isError(chunk["error"])) throw modelErrorOf({ status: undefined, body: chunk }, this.#target);
    this.#readIdentity(chunk, out);
    for (const choice of objectsIn(chunk["choices"])) {
      if (isError(choice["error"])) throw modelErrorOf({ status: undefined, body: choice }, this.#target);
      this.#usage.push(choice["usage"]);
      this.#usage.pushMessage(objectIn(choice["message"]) ?? objectIn(choice["delta"]) ?? {});
      this.#sampleOf(choice).read(choice, out);
    }
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

  #sampleOf(choice: WireObject): ChatSample {
    const index = numberIn(choice["index"]) ?? 0;
    const known = this.#samples.get(index);
    if (known !== undefined) return known;
    if (!Number.isInteger(index) || index < 0 || index >= MOST_SAMPLES) {
      throw targetError(this.#target, "protocol_error", `a choice has the index ${index}`);
    }
    const sample = new ChatSample(index, this.#target, () => this.#id ?? this.#created);
    this.#samples.set(index, sample);
    return sample;
  }

  #settle(ending: Ending, out: FlowEvent[]): void {
    try {
      this.#requireEnd(ending, out);
    } catch (error) {
      this.#bill(out);
      throw error;
    }
    this.done = true;
    const finishes: FlowEvent[] = [];
    try {
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

  /** The end of the bytes is no end of an answer; `[DONE]` is, when it does not contradict the choices. */
  #requireEnd(ending: Ending, out: FlowEvent[]): void {
    const open = [...this.#samples].filter(([, sample]) => !sample.finished).map(([index]) => index);
    if (this.#samples.size === 0) {
      if (ending === "end")
        throw targetError(this.#target, "stream_truncated", "the stream ended before an answer began");
      throw targetError(this.#target, "empty_response", "the answer has no choices");
    }
    if (open.length === 0) return;
    if (ending === "end" || open.length < this.#samples.size) {
      throw targetError(
        this.#target,
        "stream_truncated",
        `the stream ended in the middle of choice ${open.join(", ")}`,
      );
    }
    const reason = "the answer ended without saying why";
    out.push({ type: "adjustment", adjustment: { setting: "finish_reason", from: undefined, to: "unknown", reason } });
  }
}

function isError(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}
