import type { FlowEvent } from "../../core/event.ts";
import { ArgumentsText, checkToolCall } from "../../core/tool-arguments.ts";
import { JSON_TOOL } from "./tools.ts";

type Tree = Readonly<Record<string, unknown>>;

/** Reads one content block, whether it comes in deltas or whole. */
export interface BlockReader {
  /** False for a delta of another kind of block. */
  delta(delta: Tree, out: FlowEvent[]): boolean;
  /** Gives words about what is wrong with the block, if anything is. */
  close(out: FlowEvent[]): string | undefined;
  /** Takes a piece of a signature after the end, where one `mayGrow`; false for another than the known one. */
  sign?(piece: unknown, mayGrow: boolean): boolean;
  /** Passes on what came after the end. */
  seal?(out: FlowEvent[]): void;
}

export interface BlockContext {
  /** Whether calls of the JSON tool are the answer. */
  readonly throughTool: boolean;
  /** Takes text beside such a call. */
  readonly heldText: FlowEvent[];
  /** The number and the id of a new tool call. */
  nextCall(given: string, out: FlowEvent[]): { readonly index: number; readonly id: string };
  /** The answer came through the tool. */
  answered(): void;
}

export function readBlock(block: Tree, context: BlockContext, out: FlowEvent[]): BlockReader {
  switch (block["type"]) {
    case "text":
    case "thinking":
      return new ProseBlock(block, context, out);
    case "redacted_thinking":
      return new RedactedBlock(block);
    case "tool_use":
      if (context.throughTool && block["name"] === JSON_TOOL) return new JsonAnswer(block, context);
      return new ToolUse(block, context, out);
    default:
      return new OtherBlock(out);
  }
}

/** Kinds of deltas that carry a part of an answer, and where. */
const CARRIERS: ReadonlyMap<unknown, string> = new Map([
  ["text_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "signature"],
  ["input_json_delta", "partial_json"],
]);

/** Whether ignoring the delta would lose something. */
export function carriesContent(delta: Tree): boolean {
  const field = CARRIERS.get(delta["type"]);
  return field !== undefined && stringOf(delta[field]) !== "";
}

/** Whether a block begins without any content. */
export function isBlank(block: Tree): boolean {
  const { type, text, thinking, signature } = block;
  return (type === "text" || type === "thinking") && [text, thinking, signature].every((one) => stringOf(one) === "");
}

/**
 * Text and thinking. The kind of the delta decides, since some proxies put thinking into a block they opened as text. A
 * signature may be split over several deltas; it is passed on whole.
 */
class ProseBlock implements BlockReader {
  readonly #held: FlowEvent[] | undefined;
  #signature: string;
  #sealed = false;

  constructor(block: Tree, context: BlockContext, out: FlowEvent[]) {
    this.#held = context.throughTool ? context.heldText : undefined;
    this.#signature = stringOf(block["signature"]);
    this.#addThinking(block["thinking"], out);
    this.#addText(block["text"], out);
  }

  delta(delta: Tree, out: FlowEvent[]): boolean {
    switch (delta["type"]) {
      case "text_delta":
        this.#addText(delta["text"], out);
        return true;
      case "thinking_delta":
        this.#addThinking(delta["thinking"], out);
        return true;
      case "signature_delta":
        this.#signature += stringOf(delta["signature"]);
        return true;
      default:
        return false;
    }
  }

  close(out: FlowEvent[]): undefined {
    this.seal(out);
  }

  /** The same signature again is a repetition, anything else a further piece. */
  sign(piece: unknown, mayGrow: boolean): boolean {
    if (piece === this.#signature) return true;
    if (!mayGrow || this.#sealed) return false;
    this.#signature += stringOf(piece);
    return true;
  }

  seal(out: FlowEvent[]): void {
    if (this.#sealed || this.#signature === "") return;
    this.#sealed = true;
    out.push({ type: "signature", part: "reasoning", signature: this.#signature, sample: 0 });
  }

  #addText(text: unknown, out: FlowEvent[]): void {
    if (typeof text === "string" && text !== "") (this.#held ?? out).push({ type: "text-delta", text, sample: 0 });
  }

  #addThinking(text: unknown, out: FlowEvent[]): void {
    if (typeof text === "string" && text !== "") out.push({ type: "reasoning-delta", text, sample: 0 });
  }
}

class RedactedBlock implements BlockReader {
  readonly #data: string;

  constructor(block: Tree) {
    this.#data = stringOf(block["data"]);
  }

  delta(): boolean {
    return false;
  }

  close(out: FlowEvent[]): undefined {
    out.push({ type: "signature", part: "reasoning", signature: this.#data, redacted: true, sample: 0 });
  }
}

/** What the provider's own tools say to each other, and what is not known yet. The reply has no place for it. */
class OtherBlock implements BlockReader {
  constructor(out: FlowEvent[]) {
    out.push({ type: "other-output", sample: 0 });
  }

  delta(_delta: Tree, out: FlowEvent[]): boolean {
    out.push({ type: "other-output", sample: 0 });
    return true;
  }

  close(): undefined {
    return undefined;
  }
}

/** The JSON of a tool's input: what the deltas add up to, or what the block began with. */
class InputText {
  readonly #initial: unknown;
  readonly #text = new ArgumentsText();
  #came = false;

  constructor(block: Tree) {
    this.#initial = block["input"];
  }

  get json(): string {
    return this.#text.text;
  }

  /** Gives what of it may be shown. */
  add(delta: Tree): string {
    const piece = delta["type"] === "input_json_delta" ? stringOf(delta["partial_json"]) : "";
    this.#came ||= piece !== "";
    return this.#text.add(piece);
  }

  /** What is still to be shown at the end. */
  rest(): string {
    if (this.#came) return this.#text.end();
    const initial = this.#initial ?? {};
    // Some servers write the input of a whole block as text.
    return this.#text.add(typeof initial === "string" ? initial : JSON.stringify(initial)) + this.#text.end();
  }
}

class ToolUse implements BlockReader {
  readonly #index: number;
  readonly #id: string;
  readonly #name: string;
  readonly #input: InputText;

  constructor(block: Tree, context: BlockContext, out: FlowEvent[]) {
    const { index, id } = context.nextCall(stringOf(block["id"]), out);
    this.#index = index;
    this.#id = id;
    this.#name = stringOf(block["name"]);
    this.#input = new InputText(block);
    if (this.#name !== "") out.push({ type: "tool-call-start", index, id, name: this.#name, sample: 0 });
  }

  delta(delta: Tree, out: FlowEvent[]): boolean {
    this.#show(this.#input.add(delta), out);
    return delta["type"] === "input_json_delta";
  }

  close(out: FlowEvent[]): string | undefined {
    if (this.#name === "") return "a tool call has no name";
    this.#show(this.#input.rest(), out);
    const checked = checkToolCall({ id: this.#id, name: this.#name, json: this.#input.json });
    if ("problem" in checked) return checked.problem;
    out.push({ type: "tool-call-end", index: this.#index, call: checked.call, sample: 0 });
    return undefined;
  }

  #show(json: string, out: FlowEvent[]): void {
    if (json !== "" && this.#name !== "") out.push({ type: "tool-call-delta", index: this.#index, json, sample: 0 });
  }
}

/** The input of the JSON tool, shown as the text of the answer. */
class JsonAnswer implements BlockReader {
  readonly #input: InputText;

  constructor(block: Tree, context: BlockContext) {
    this.#input = new InputText(block);
    context.answered();
  }

  delta(delta: Tree, out: FlowEvent[]): boolean {
    this.#show(this.#input.add(delta), out);
    return delta["type"] === "input_json_delta";
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
