import { possibleStart } from "../../core/possible-start.ts";
import type { Quirks } from "../../core/target.ts";

const OPEN = "<think>";
const CLOSE = "</think>";
const CLOSES = [CLOSE];

type Emit = (text: string) => void;

/**
 * Thoughts that a server leaves in the text, between `<think>` and `</think>`. They can only be the beginning of an
 * answer; anywhere else the tags are what the text is about. White space at the borders goes with the thoughts, so nothing
 * but the tags is lost; thoughts of nothing but white space are none.
 */
export class ThinkTags {
  readonly #thought: Emit;
  readonly #text: Emit;
  #state: "start" | "thinking" | "after" | "text";
  /** The opening tag stood in the prompt: the answer begins inside the thoughts. */
  readonly #opened: boolean;
  #held = "";
  /** Whether a thought was emitted. */
  #thinks = false;

  constructor(kind: Quirks["thinkTags"], thought: Emit, text: Emit) {
    this.#state = kind === undefined ? "text" : "start";
    this.#opened = kind === "opened";
    this.#thought = thought;
    this.#text = text;
  }

  /** The thoughts have begun and not ended. */
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

  /** No thoughts will come in the text: they come elsewhere, or something else has begun. */
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
    const blank = this.#held.length - begun.length > MOST_BLANK;
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

/** More white space than this is not waited for: it may be all that comes. */
const MOST_BLANK = 100;

function isBlank(text: string): boolean {
  return text.length <= MOST_BLANK && text.trim() === "";
}
