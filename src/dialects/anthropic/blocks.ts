import type { FlowEvent } from "../../core/event.ts";
import { JSON_TOOL } from "./tools.ts";

type Tree = Readonly<Record<string, unknown>>;

/** Reads one content block, whether it comes in deltas or whole. */
export interface BlockReader {
  delta(delta: Tree, out: FlowEvent[]): void;
  /** Gives words about what is wrong with the block, if anything is. */
  close(out: FlowEvent[]): string | undefined;
}

export interface BlockContext {
  /** Whether calls of the JSON tool are the answer. */
  readonly throughTool: boolean;
  /** Takes text beside such a call. */
  readonly heldText: FlowEvent[];
  /** The number of a new tool call. */
  nextCall(): number;
  /** The answer came through the tool. */
  answered(): void;
}

/** The reader of a block; `undefined` for what the provider's own tools say to each other. */
export function readBlock(block: Tree, context: BlockContext, out: FlowEvent[]): BlockReader | undefined {
  switch (block["type"]) {
    case "text":
      return new TextBlock(block, context, out);
    case "thinking":
      return new ThinkingBlock(block, out);
    case "redacted_thinking":
      return new RedactedBlock(block);
    case "tool_use":
      if (context.throughTool && block["name"] === JSON_TOOL) return new JsonAnswer(block, context);
      return new ToolUse(block, context.nextCall(), out);
    default:
      out.push({ type: "other-output", sample: 0 });
      return undefined;
  }
}

class TextBlock implements BlockReader {
  readonly #held: FlowEvent[] | undefined;

  constructor(block: Tree, context: BlockContext, out: FlowEvent[]) {
    this.#held = context.throughTool ? context.heldText : undefined;
    this.#add(block["text"], out);
  }

  delta(delta: Tree, out: FlowEvent[]): void {
    if (delta["type"] === "text_delta") this.#add(delta["text"], out);
  }

  close(): undefined {
    return undefined;
  }

  #add(text: unknown, out: FlowEvent[]): void {
    if (typeof text === "string" && text !== "") (this.#held ?? out).push({ type: "text-delta", text, sample: 0 });
  }
}

/** A signature may be split over several deltas; it is passed on whole. */
class ThinkingBlock implements BlockReader {
  #signature: string;

  constructor(block: Tree, out: FlowEvent[]) {
    this.#signature = stringOf(block["signature"]);
    this.#add(block["thinking"], out);
  }

  delta(delta: Tree, out: FlowEvent[]): void {
    if (delta["type"] === "thinking_delta") this.#add(delta["thinking"], out);
    else if (delta["type"] === "signature_delta") this.#signature += stringOf(delta["signature"]);
  }

  close(out: FlowEvent[]): undefined {
    if (this.#signature === "") return;
    out.push({ type: "signature", part: "reasoning", signature: this.#signature, sample: 0 });
  }

  #add(text: unknown, out: FlowEvent[]): void {
    if (typeof text === "string" && text !== "") out.push({ type: "reasoning-delta", text, sample: 0 });
  }
}

class RedactedBlock implements BlockReader {
  readonly #data: string;

  constructor(block: Tree) {
    this.#data = stringOf(block["data"]);
  }

  delta(): void {}

  close(out: FlowEvent[]): undefined {
    out.push({ type: "signature", part: "reasoning", signature: this.#data, redacted: true, sample: 0 });
  }
}

/** The JSON of a tool's input: what the deltas add up to, or what the block began with. */
class InputText {
  readonly #initial: unknown;
  text = "";

  constructor(block: Tree) {
    this.#initial = block["input"];
  }

  add(delta: Tree): string {
    const piece = delta["type"] === "input_json_delta" ? stringOf(delta["partial_json"]) : "";
    this.text += piece;
    return piece;
  }

  /** What is still to be shown when no delta came. */
  rest(): string {
    if (this.text !== "") return "";
    const initial = this.#initial ?? {};
    // Some servers write the input of a whole block as text.
    this.text = typeof initial === "string" ? initial || "{}" : JSON.stringify(initial);
    return this.text;
  }
}

class ToolUse implements BlockReader {
  readonly #index: number;
  readonly #id: string;
  readonly #name: string;
  readonly #input: InputText;

  constructor(block: Tree, index: number, out: FlowEvent[]) {
    this.#index = index;
    this.#id = stringOf(block["id"]) || `call_${index}`;
    this.#name = stringOf(block["name"]);
    this.#input = new InputText(block);
    out.push({ type: "tool-call-start", index, id: this.#id, name: this.#name, sample: 0 });
  }

  delta(delta: Tree, out: FlowEvent[]): void {
    this.#show(this.#input.add(delta), out);
  }

  close(out: FlowEvent[]): string | undefined {
    this.#show(this.#input.rest(), out);
    const json = this.#input.text;
    try {
      const call = { id: this.#id, name: this.#name, arguments: JSON.parse(json), json };
      out.push({ type: "tool-call-end", index: this.#index, call, sample: 0 });
      return undefined;
    } catch {
      return `the arguments of tool call "${this.#name}" are not JSON: ${json.slice(0, 200)}`;
    }
  }

  #show(json: string, out: FlowEvent[]): void {
    if (json !== "") out.push({ type: "tool-call-delta", index: this.#index, json, sample: 0 });
  }
}

/** The input of the JSON tool, shown as the text of the answer. */
class JsonAnswer implements BlockReader {
  readonly #input: InputText;

  constructor(block: Tree, context: BlockContext) {
    this.#input = new InputText(block);
    context.answered();
  }

  delta(delta: Tree, out: FlowEvent[]): void {
    this.#show(this.#input.add(delta), out);
  }

  close(out: FlowEvent[]): undefined {
    this.#show(this.#input.rest(), out);
  }

  #show(text: string, out: FlowEvent[]): void {
    if (text !== "") out.push({ type: "text-delta", text, sample: 0 });
  }
}

function stringOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
