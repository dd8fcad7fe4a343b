/** One text of an output item, which comes in parts and is repeated when it is complete. */
export class Passage {
  /** All that was said of it. */
  text = "";
  readonly #between: string;
  readonly #parts = new Map<number, string>();
  readonly #closed = new Set<number>();
  /** What its parts were announced with. */
  readonly #opened = new Map<number, string>();
  #repeated = false;
  #last: number | undefined;

  /** `between` separates its parts. */
  constructor(between = "") {
    this.#between = between;
  }

  open(part: number, text: string): void {
    if (text !== "") this.#opened.set(part, text);
  }

  /** What stands only in the announcement of its last parts: of them nothing came later. */
  complementOpened(): string {
    if (this.#repeated) return "";
    const parts = [...this.#opened].sort(([left], [right]) => left - right);
    return parts.map(([part, text]) => (this.#isBehind(part) ? (this.complement(part, text) ?? "") : "")).join("");
  }

  /** Adds a delta and gives what to show of it; `undefined` when the part was complete already. */
  add(part: number, delta: string): string | undefined {
    if (this.#closed.has(part)) return undefined;
    const fresh = this.#last === part || this.text === "" ? delta : `${this.#between}${delta}`;
    this.#parts.set(part, (this.#parts.get(part) ?? "") + delta);
    this.text += fresh;
    this.#last = part;
    return fresh;
  }

  /** The missing end of a part that is complete; `undefined` when it is another text, or the end has no place any more. */
  complement(part: number, whole: string): string | undefined {
    if (whole === "") return "";
    const said = this.#parts.get(part) ?? "";
    if (!whole.startsWith(said)) return undefined;
    const rest = whole.slice(said.length);
    if (rest !== "" && said !== "" && this.#last !== part) return undefined;
    const fresh = rest === "" ? "" : this.add(part, rest);
    this.#closed.add(part);
    return fresh;
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

  #isBehind(part: number): boolean {
    return this.#last === undefined || part > this.#last;
  }
}
