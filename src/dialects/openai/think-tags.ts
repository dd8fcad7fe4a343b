import { possibleStart } from "../../core/possible-start.ts";
import type { Quirks } from "../../core/target.ts";

const OPEN = "<think>";
const CLOSE = "</think>";
const CLOSES = [CLOSE];

type Emit = (text: string) => void;

/**
 * Extracts reasoning that a server leaves in the text, between `<think>` and `</think>`. Only tags at the start of an answer
 * count; elsewhere they are text. Whitespace next to the tags belongs to the reasoning, so only the tags are lost; blank
 * reasoning is omitted.
 */
export class ThinkTags {
  readonly #thought: Emit;
  readonly #text: Emit;
  #state: "start" | "thinking" | "after" | "text";
  /** Whether the opening tag is in the prompt, so that the answer starts with reasoning. */
  readonly #opened: boolean;
  #held = "";
  /** Whether reasoning was emitted. */
  #thinks = false;

  constructor(kind: Quirks["thinkTags"], thought: Emit, text: Emit) {
    this.#state = kind === undefined ? "text" : "start";
    this.#opened = kind === "opened";
    this.#thought = thought;
    this.#text = text;
  }

  /** Whether the reasoning has started and not ended. */
  get open(): boolean {
    return this.#state === "thinking";
  }

  add(text: string): void {
    if (this.#state === "text") {
      this.#text(text);
      return;
    }
    this.#held += text;
    if (this.#state === "start") this.#start();
    if (this.#state === "thinking") this.#think();
    if (this.#state === "after") this.#after();
  }

  /** Stops looking for tags: the reasoning arrives in a field, or other content has started. */
  end(): void {
    const { open } = this;
    const rest = this.#held;
    this.#held = "";
    this.#state = "text";
    if (open) this.#emit(rest);
    else if (rest !== "") this.#text(rest);
  }

  #start(): void {
    const begun = this.#held.trimStart();
    const blank = this.#held.length - begun.length > MAX_BLANK;
    if (!blank && begun.startsWith(OPEN)) {
      this.#held = this.#held.replace(OPEN, "");
      this.#state = "thinking";
    } else if (blank || !OPEN.startsWith(begun)) {
      if (this.#opened) this.#state = "thinking";
      else this.end();
    }
  }

  #think(): void {
    const close = this.#held.indexOf(CLOSE);
    if (close >= 0) {
      this.#emit(this.#held.slice(0, close));
      this.#held = this.#held.slice(close + CLOSE.length);
      this.#state = "after";
      return;
    }
    const sure = this.#held.length - possibleStart(this.#held, CLOSES);
    if (!this.#thinks && isBlank(this.#held.slice(0, sure))) return;
    this.#emit(this.#held.slice(0, sure));
    this.#held = this.#held.slice(sure);
  }

  #after(): void {
    const [lines = ""] = /^[\r\n]*/.exec(this.#held) ?? [];
    if (this.#thinks) this.#emit(lines);
    this.#held = this.#held.slice(lines.length);
    if (this.#held !== "") this.end();
  }

  #emit(text: string): void {
    if (text === "" || (!this.#thinks && isBlank(text))) return;
    this.#thinks = true;
    this.#thought(text);
  }
}

/** Maximum leading whitespace to buffer; it may be endless. */
const MAX_BLANK = 100;

function isBlank(text: string): boolean {
  return text.length <= MAX_BLANK && text.trim() === "";
}
