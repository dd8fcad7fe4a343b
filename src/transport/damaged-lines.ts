const LINE_END = /[\r\n]/g;
/** A comment has no name. */
const FIELD = /^(?:data|event|id|retry)?:/;
const WITHOUT_VALUE: ReadonlySet<string> = new Set(["", "data", "event", "id", "retry"]);
/** Characters that tell whether a line is a field: "event:" and "retry:". */
const LONGEST_NAME = 6;

/**
 * Finds lines that hold an object and are not a field of an event stream, such as a damaged `data:`. The standard
 * ignores them, and the text in them would be missing from the answer. The parser does not report those that are split
 * over reads.
 */
export class DamagedLines {
  #head = "";
  #isField: boolean | undefined;

  /** Where in `text` the first such line is, 0 if it began before; -1 if there is none. */
  firstIn(text: string): number {
    for (let start = 0; start < text.length; ) {
      const end = lineEnd(text, start);
      const ends = end < text.length;
      if (this.#damages(text, start, end, ends)) return start;
      if (ends) this.#begin();
      start = end + 1;
    }
    return -1;
  }

  /** The rest of this line follows an object, so it is not a field. */
  skipName(): void {
    this.#isField = false;
  }

  #begin(): void {
    this.#head = "";
    this.#isField = undefined;
  }

  #damages(text: string, start: number, end: number, ends: boolean): boolean {
    if (this.#isField === undefined) this.#readName(text, start, end, ends);
    if (this.#isField !== false) return false;
    return this.#head.includes("{") || text.slice(start, end).includes("{");
  }

  #readName(text: string, start: number, end: number, ends: boolean): void {
    if (this.#head === "" && text.startsWith("data:", start)) {
      this.#isField = true;
      return;
    }
    this.#head += text.slice(start, Math.min(end, start + LONGEST_NAME - this.#head.length));
    if (this.#head.length >= LONGEST_NAME || this.#head.includes(":")) this.#isField = FIELD.test(this.#head);
    else if (ends) this.#isField = WITHOUT_VALUE.has(this.#head);
  }
}

function lineEnd(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.test(text) ? LINE_END.lastIndex - 1 : text.length;
}
