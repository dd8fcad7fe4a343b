import type { Decoder } from "../../core/dialect.ts";
import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { modelErrorOf } from "../../core/failure.ts";
import { modelFailureCode } from "../../core/model-failure.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { parseEvent } from "../wire-error.ts";
import { OutputItems } from "./responses-output.ts";
import { FlatNames } from "./server/namespaces.ts";
import { ResponsesUsage } from "./usage.ts";
import { numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

export function decodeResponses(target: Target, _streaming?: boolean, request?: ModelRequest): Decoder {
  const names = new FlatNames(request?.extraBody["tools"]);
  return new ResponsesDecoder(target, { names, deliverInvalid: request?.deliverInvalidCalls });
}

interface DecoderOptions {
  /** Of the tools in namespaces that a client of a gateway sent. */
  readonly names: FlatNames;
  readonly deliverInvalid: boolean | undefined;
}

type Ending = { readonly reason: FinishReason; readonly raw: string } | { readonly error: Error };

class ResponsesDecoder implements Decoder {
  done = false;
  readonly #target: Target;
  readonly #names: FlatNames;
  readonly #items: OutputItems;
  readonly #usage = new ResponsesUsage();
  #id: string | undefined;
  /** The id of the current response. */
  #created: string | undefined;
  #sequence: number | undefined;
  /** Whether sequence numbers of events are missing. */
  #lossy = false;

  constructor(target: Target, { names, deliverInvalid }: DecoderOptions) {
    this.#target = target;
    this.#names = names;
    this.#items = new OutputItems(target, () => this.#id ?? "", deliverInvalid);
  }

  push(data: string, event: string | undefined, out: FlowEvent[]): void {
    if (this.done || data.trim() === "[DONE]") return;
    const parsed = parseEvent(data, this.#target);
    const item = objectIn(parsed["item"]);
    const named = item === undefined ? parsed : { ...parsed, item: this.#named(item) };
    this.#read(textIn(parsed["type"]) ?? event ?? "", named, out);
  }

  body(json: unknown, out: FlowEvent[]): void {
    const response = objectIn(json);
    if (response === undefined || !Array.isArray(response["output"])) {
      throw targetError(this.#target, "protocol_error", "the response has no output");
    }
    this.#identify(response, out);
    this.#settle(response, out);
  }

  end(out: FlowEvent[]): void {
    if (this.done) return;
    this.#bill(out);
    throw targetError(this.#target, "stream_truncated", "the stream ended before the response was completed");
  }

  #read(type: string, event: WireObject, out: FlowEvent[]): void {
    const response = objectIn(event["response"]);
    this.#count(numberIn(event["sequence_number"]));
    if (type === "response.created" && this.#isRepeated(textIn(response?.["id"]))) return;
    if (response !== undefined) {
      this.#identify(response, out);
      this.#usage.push(response["usage"]);
      this.#usage.pushTier(response);
    }
    if (type === "response.output_item.done") this.#usage.pushItem(event["item"]);
    switch (type) {
      case "error":
        throw modelErrorOf({ status: undefined, body: event["error"] ?? { ...event, type: undefined } }, this.#target);
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
      case "response.cancelled":
        this.#settle({ status: type.slice("response.".length), ...response }, out);
        break;
      default:
        if (event["error"] !== undefined && event["error"] !== null)
          throw modelErrorOf({ status: undefined, body: event }, this.#target);
        this.#items.read(type, event, out);
    }
  }

  /** A call of a tool in a namespace has the name of the function that stands for the tool. */
  #named(item: WireObject): WireObject {
    const { namespace, name } = item;
    if (typeof namespace !== "string" || typeof name !== "string" || this.#names.places.size === 0) return item;
    return { ...item, name: this.#names.nameOf({ namespace, name }) };
  }

  #count(sequence: number | undefined): void {
    if (sequence === undefined) return;
    if (this.#sequence !== undefined && sequence > this.#sequence + 1) this.#lossy = true;
    this.#sequence = sequence;
  }

  /** Some relays send the start twice; the start of another response is an error. */
  #isRepeated(id: string | undefined): boolean {
    const before = this.#created;
    this.#created ??= id;
    if (before === undefined) return false;
    if (id !== undefined && id !== before)
      throw targetError(this.#target, "protocol_error", "another response started before this one was completed");
    return true;
  }

  #identify(response: WireObject, out: FlowEvent[]): void {
    const id = textIn(response["id"]);
    if (this.#id !== undefined || id === undefined) return;
    this.#id = id;
    const servedModel = textIn(response["model"]);
    out.push({ type: "response", id, ...(servedModel !== undefined && { servedModel }) });
  }

  #settle(response: WireObject, out: FlowEvent[]): void {
    this.done = true;
    const ending = this.#endingOf(response);
    try {
      const output = objectsIn(response["output"]).map((item) => this.#named(item));
      if ("reason" in ending || this.#items.empty) this.#items.serve(output, out);
      if ("reason" in ending) this.#items.end(out, ending.reason === "length", this.#lossy);
    } finally {
      this.#usage.push(response["usage"]);
      this.#usage.pushTier(response);
      this.#usage.pushOutput(response["output"]);
      this.#bill(out);
    }
    if ("error" in ending) throw ending.error;
    out.push({ type: "finish", reason: this.#reason(ending.reason), raw: ending.raw, sample: 0 });
  }

  #bill(out: FlowEvent[]): void {
    const { serviceTier } = this.#usage;
    if (serviceTier !== undefined) out.push({ type: "response", serviceTier });
    const usage = this.#usage.usage();
    if (usage !== undefined) out.push({ type: "usage", usage });
  }

  #reason(reason: FinishReason): FinishReason {
    if (reason !== "stop") return reason;
    if (this.#items.calls > 0) return "tool-calls";
    return this.#items.refused ? "refusal" : "stop";
  }

  #endingOf(response: WireObject): Ending {
    const status = textIn(response["status"]) ?? "unknown";
    const why = textIn(objectIn(response["incomplete_details"])?.["reason"]);
    switch (status) {
      case "completed":
        return { reason: "stop", raw: status };
      case "incomplete":
        if (why === "content_filter")
          return { error: targetError(this.#target, "content_filtered", "a content filter stopped the answer") };
        if (why !== undefined && modelFailureCode(why) !== undefined)
          return {
            error: targetError(this.#target, modelFailureCode(why) ?? "protocol_error", `the answer ended with ${why}`),
          };
        return { reason: why === "max_output_tokens" ? "length" : "unknown", raw: why ?? status };
      case "failed":
      case "cancelled":
        return {
          error: modelErrorOf(
            { status: undefined, body: response["error"] ?? { message: `the response was ${status}` } },
            this.#target,
          ),
        };
      default:
        return {
          error: targetError(this.#target, "protocol_error", `the response is not complete (status ${status})`),
        };
    }
  }
}
