import { append } from "../../core/append.ts";
import type { FlowEvent } from "../../core/event.ts";
import { ArgumentsText, checkToolCall } from "../../core/tool-arguments.ts";
import { JSON_TOOL } from "./tools.ts";

type Tree = Readonly<Record<string, unknown>>;

/** Reads one content block, in deltas or complete. */
export interface BlockReader {
  /** False for a delta of another block type. */
  delta(delta: Tree, out: FlowEvent[]): boolean;
  /** Returns what is wrong with an invalid block. */
  close(out: FlowEvent[]): BrokenCall | undefined;
  /** Adds a part of a signature after the end, if it `mayGrow`; false for a different signature. */
  sign?(piece: unknown, mayGrow: boolean): boolean;
  /** Emits a signature that arrived after the end. */
  seal?(out: FlowEvent[]): void;
}

/** A call without valid arguments: it may be one that the token limit cut. */
export interface BrokenCall {
  readonly problem: string;
  /** The end of the call, if it may be delivered. */
  readonly end?: FlowEvent;
}

export interface BlockContext {
  /** See `ModelRequest.deliverInvalidCalls`. */
  readonly deliverInvalid?: boolean | undefined;
  /** Whether calls of the JSON tool are the answer. */
  readonly throughTool: boolean;
  /** Buffers text next to such a call. */
  readonly heldText: FlowEvent[];
  /** The index and the id of a new tool call. */
  nextCall(given: string, out: FlowEvent[]): { readonly index: number; readonly id: string };
  /** Called when the answer arrives through the tool. */
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
      return new OtherBlock(block, out);
  }
}

/** Delta types with a part of an answer, and their field. */
const CARRIERS: ReadonlyMap<unknown, string> = new Map([
  ["text_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "signature"],
  ["input_json_delta", "partial_json"],
]);

/** Whether ignoring the delta would lose content. */
export function carriesContent(delta: Tree): boolean {
  const field = CARRIERS.get(delta["type"]);
  return field !== undefined && stringOf(delta[field]) !== "";
}

/** Whether a block starts without content. */
export function isBlank(block: Tree): boolean {
  const { type, text, thinking, signature } = block;
  return (type === "text" || type === "thinking") && [text, thinking, signature].every((one) => stringOf(one) === "");
}

/**
 * Text and thinking. The type of the delta decides, because some proxies send thinking in a text block. A signature may be
 * split over several deltas; it is emitted complete.
 */
class ProseBlock implements BlockReader {
  readonly #held: FlowEvent[] | undefined;
  readonly #citations: Tree[] = [];
  #signature: string;
  #sealed = false;

  constructor(block: Tree, context: BlockContext, out: FlowEvent[]) {
    if (Array.isArray(block["citations"])) append(this.#citations, (block["citations"] as unknown[]).filter(isTree));
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
      case "citations_delta":
        if (isTree(delta["citation"])) this.#citations.push(delta["citation"]);
        return true;
      default:
        return false;
    }
  }

  close(out: FlowEvent[]): undefined {
    this.seal(out);
    const annotations = this.#citations.splice(0);
    if (annotations.length > 0)
      (this.#held ?? out).push({ type: "text-end", wire: "anthropic", annotations, sample: 0 });
  }

  /** An equal signature is a repetition, anything else another part. */
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

const OTHER_OUTPUT: FlowEvent = { type: "other-output", sample: 0, wire: "anthropic" };

/** Blocks of the provider's own tools and unknown blocks; the reply has no field for them. */
class OtherBlock implements BlockReader {
  readonly #block: Tree;
  readonly #input: InputText;
  #closed = false;

  constructor(block: Tree, out: FlowEvent[]) {
    this.#block = block;
    this.#input = new InputText(block);
    out.push(OTHER_OUTPUT);
  }

  delta(delta: Tree, out: FlowEvent[]): boolean {
    this.#input.add(delta);
    out.push(OTHER_OUTPUT);
    return true;
  }

  close(out: FlowEvent[]): undefined {
    if (this.#closed) return;
    this.#closed = true;
    out.push({ type: "wire-output", wire: "anthropic", block: this.#complete(), sample: 0 });
  }

  /** Input that the token limit cut stays away. */
  #complete(): Tree {
    if (!("input" in this.#block)) return this.#block;
    this.#input.rest();
    try {
      return { ...this.#block, input: JSON.parse(this.#input.json) as unknown };
    } catch {
      return this.#block;
    }
  }
}

/** The JSON of a tool's input: from the deltas, or from the start of the block. */
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

  /** Returns the next text to emit. */
  add(delta: Tree): string {
    const piece = delta["type"] === "input_json_delta" ? stringOf(delta["partial_json"]) : "";
    this.#came ||= piece !== "";
    return this.#text.add(piece);
  }

  /** The rest of the text to emit, at the end. */
  rest(): string {
    if (this.#came) return this.#text.end();
    const initial = this.#initial ?? {};
    // Some servers send the input of a complete block as a string.
    return this.#text.add(typeof initial === "string" ? initial : JSON.stringify(initial)) + this.#text.end();
  }
}

class ToolUse implements BlockReader {
  readonly #index: number;
  readonly #id: string;
  readonly #name: string;
  readonly #input: InputText;
  readonly #deliverInvalid: boolean | undefined;

  constructor(block: Tree, context: BlockContext, out: FlowEvent[]) {
    this.#deliverInvalid = context.deliverInvalid;
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

  close(out: FlowEvent[]): BrokenCall | undefined {
    if (this.#name === "") return { problem: "a tool call has no name" };
    this.#show(this.#input.rest(), out);
    const given = { id: this.#id, name: this.#name, json: this.#input.json, deliverInvalid: this.#deliverInvalid };
    const checked = checkToolCall(given);
    if ("problem" in checked) return checked;
    const end: FlowEvent = { type: "tool-call-end", index: this.#index, call: checked.call, sample: 0 };
    const { problem } = checked.call;
    if (problem !== undefined) return { problem, end };
    out.push(end);
    return undefined;
  }

  #show(json: string, out: FlowEvent[]): void {
    if (json !== "" && this.#name !== "") out.push({ type: "tool-call-delta", index: this.#index, json, sample: 0 });
  }
}

/** The input of the JSON tool, delivered as the text of the answer. */
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

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

function stringOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
