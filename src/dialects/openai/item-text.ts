import { InitialText } from "./initial-text.ts";

/** The text of an output item. It arrives as deltas of parts, and is repeated when complete. */
export class ItemText {
  /** The text so far. */
  text = "";
  readonly #between: string;
  readonly #parts = new Map<number, string>();
  readonly #closed = new Set<number>();
  /** Initial content of its parts. */
  readonly #openings = new Map<number, InitialText>();
  #repeated = false;
  #last: number | undefined;

  /** `between` separates its parts. */
  constructor(between = "") {
    this.#between = between;
  }

  open(part: number, text: string): void {
    if (text !== "" && !this.#parts.has(part)) this.#openings.set(part, new InitialText(text));
  }

  /** Initial content that the deltas do not repeat; `undefined` if it is ambiguous. */
  complementOpened(): string | undefined {
    return this.#repeated ? "" : this.#catchUp(Number.POSITIVE_INFINITY);
  }

  /** Adds a delta and returns the text to emit; `undefined` if its part is complete, or a later one has started. */
  add(part: number, delta: string): string | undefined {
    const before = part === this.#last ? "" : this.#catchUp(part);
    if (before === undefined || this.#closed.has(part) || this.#isBefore(part)) return undefined;
    return before + this.#append(part, this.#openings.get(part)?.add(delta) ?? delta);
  }

  #append(part: number, text: string): string {
    const fresh = this.#last === part || this.text === "" ? text : `${this.#between}${text}`;
    this.#parts.set(part, (this.#parts.get(part) ?? "") + text);
    this.text += fresh;
    this.#last = part;
    return fresh;
  }

  /** Adds the initial content of the parts before `end`, which start in order. */
  #catchUp(end: number): string | undefined {
    let fresh = "";
    for (const [part, opening] of this.#openings) {
      if (part >= end) break;
      this.#openings.delete(part);
      const rest = this.#closed.has(part) ? "" : opening.end();
      if (rest === undefined || (rest !== "" && this.#isBefore(part))) return undefined;
      if (rest !== "") fresh += this.#append(part, rest);
    }
    return fresh;
  }

  /** The missing end of a complete part; `undefined` if the text differs, or the end can no longer be inserted. */
  complement(part: number, whole: string): string | undefined {
    if (whole === "") return "";
    const said = this.#parts.get(part) ?? "";
    if (!whole.startsWith(said)) return undefined;
    const rest = whole.slice(said.length);
    if (rest !== "" && this.#last !== part && (said !== "" || this.#isBefore(part))) return undefined;
    const before = rest === "" ? "" : this.#catchUp(part);
    if (before === undefined) return undefined;
    this.#closed.add(part);
    return rest === "" ? "" : before + this.#append(part, rest);
  }

  /** Whether a later part has started. */
  #isBefore(part: number): boolean {
    return this.#last !== undefined && part < this.#last;
  }

  /** The same for all parts together. */
  complementAll(parts: readonly string[]): string | undefined {
    const whole = parts.filter((part) => part !== "").join(this.#between);
    if (whole === "") return "";
    this.#repeated = true;
    if (!whole.startsWith(this.text)) return undefined;
    const rest = whole.slice(this.text.length);
    this.text = whole;
    return rest;
  }
}
