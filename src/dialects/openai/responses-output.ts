import type { FlowEvent } from "../../core/event.ts";
import type { Target } from "../../core/target.ts";
import { signReasoning, signText } from "./responses-signature.ts";
import { ToolCallAssembly } from "./tool-call-assembly.ts";
import { numberIn, objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

/** What was already shown of one output item. */
interface Shown {
  text: boolean;
  refusal: boolean;
  reasoning: boolean;
  json: boolean;
  summaries: number;
}

/**
 * The output items of a response while they come in. Items that are no message, reasoning or function call (searches,
 * code runs, custom tools) are the provider's own work and leave no events.
 */
export class OutputItems {
  calls = 0;
  refused = false;
  readonly #shown = new Map<number, Shown>();
  readonly #indexes = new Map<string, number>();
  readonly #calls: ToolCallAssembly;

  constructor(target: Target, seed: () => string) {
    this.#calls = new ToolCallAssembly(target, 0, seed);
  }

  get empty(): boolean {
    return this.#shown.size === 0;
  }

  read(type: string, event: WireObject, out: FlowEvent[]): void {
    const item = objectIn(event["item"]);
    const index = this.#indexOf(event, item);
    const delta = textIn(event["delta"]);
    switch (type) {
      case "response.output_item.added":
        this.#shownOf(index);
        if (item?.["type"] === "function_call") this.#call({ ...item, arguments: "" }, index, out);
        break;
      case "response.output_item.done":
        if (item !== undefined) this.whole(item, index, out);
        break;
      case "response.output_text.delta":
        this.#text(delta, index, out);
        break;
      case "response.refusal.delta":
        this.#refusal(delta, index, out);
        break;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        this.#reasoning(delta, index, out);
        break;
      case "response.reasoning_summary_part.added":
        this.#summaryPart(index, out);
        break;
      case "response.function_call_arguments.delta":
        this.#arguments(delta, index, out);
        break;
      default:
    }
  }

  /** A finished item: what of it was not streamed is emitted now. */
  whole(item: WireObject, index: number, out: FlowEvent[]): void {
    const shown = this.#shownOf(index);
    switch (item["type"]) {
      case "message":
        this.#message(item, shown, index, out);
        break;
      case "reasoning":
        this.#thought(item, shown, index, out);
        break;
      case "function_call":
        this.#call(shown.json ? { ...item, arguments: "" } : item, index, out);
        break;
      default:
        out.push({ type: "other-output", sample: 0 });
    }
  }

  /** A response of which nothing was streamed. */
  wholeAll(output: unknown, out: FlowEvent[]): void {
    objectsIn(output).forEach((item, index) => {
      this.whole(item, index, out);
    });
  }

  end(out: FlowEvent[], cut: boolean): void {
    this.#calls.end(out, cut);
  }

  /** The place of an event's item; by its id where a server leaves the index out. */
  #indexOf(event: WireObject, item: WireObject | undefined): number {
    const index = numberIn(event["output_index"]);
    if (index !== undefined) return index;
    const id = textIn(event["item_id"]) ?? textIn(item?.["id"]) ?? "";
    const known = this.#indexes.get(id) ?? this.#indexes.size;
    this.#indexes.set(id, known);
    return known;
  }

  #shownOf(index: number): Shown {
    let shown = this.#shown.get(index);
    if (shown === undefined) {
      shown = { text: false, refusal: false, reasoning: false, json: false, summaries: 0 };
      this.#shown.set(index, shown);
    }
    return shown;
  }

  #message(item: WireObject, shown: Shown, index: number, out: FlowEvent[]): void {
    const { text, refusal } = shown;
    for (const part of objectsIn(item["content"])) {
      if (!text) this.#text(textIn(part["text"]), index, out);
      if (!refusal) this.#refusal(textIn(part["refusal"]), index, out);
    }
    const signature = signText(item);
    if (signature !== undefined && shown.text) out.push({ type: "signature", part: "text", signature, sample: 0 });
  }

  #thought(item: WireObject, shown: Shown, index: number, out: FlowEvent[]): void {
    if (!shown.reasoning) {
      const summary = joined(item["summary"], "\n\n");
      this.#reasoning(textIn(summary === "" ? joined(item["content"], "") : summary), index, out);
    }
    const signature = signReasoning(item);
    if (signature !== undefined) out.push({ type: "signature", part: "reasoning", signature, sample: 0 });
  }

  #text(text: string | undefined, index: number, out: FlowEvent[]): void {
    if (text === undefined) return;
    this.#shownOf(index).text = true;
    out.push({ type: "text-delta", text, sample: 0 });
  }

  #refusal(text: string | undefined, index: number, out: FlowEvent[]): void {
    if (text === undefined) return;
    this.#shownOf(index).refusal = true;
    this.refused = true;
    out.push({ type: "refusal-delta", text, sample: 0 });
  }

  #reasoning(text: string | undefined, index: number, out: FlowEvent[]): void {
    if (text === undefined) return;
    this.#shownOf(index).reasoning = true;
    out.push({ type: "reasoning-delta", text, sample: 0 });
  }

  /** Parts of a summary are paragraphs. */
  #summaryPart(index: number, out: FlowEvent[]): void {
    const shown = this.#shownOf(index);
    if (shown.summaries > 0 && shown.reasoning) this.#reasoning("\n\n", index, out);
    shown.summaries += 1;
  }

  #call(item: WireObject, index: number, out: FlowEvent[]): void {
    const json = textIn(item["arguments"]) ?? "";
    this.#shownOf(index).json ||= json !== "";
    this.#calls.add({ index, id: textIn(item["call_id"]), name: textIn(item["name"]), kind: "function", json }, out);
    this.calls = this.#calls.size;
  }

  #arguments(json: string | undefined, index: number, out: FlowEvent[]): void {
    if (json === undefined) return;
    this.#shownOf(index).json = true;
    this.#calls.add({ index, id: undefined, name: undefined, kind: "function", json }, out);
  }
}

function joined(parts: unknown, between: string): string {
  return objectsIn(parts)
    .map((part) => textIn(part["text"]) ?? "")
    .join(between);
}
