const LINE_END = /[\r\n]/g;
/** A comment has no field name. */
const FIELD = /^(?:data|event|id|retry)?:/;
/** The name of any field. */
const NAMED = /^([A-Za-z0-9_-]+):/;
const NAME = /^[A-Za-z0-9_-]*$/;
const WITHOUT_VALUE: ReadonlySet<string> = new Set(["", "data", "event", "id", "retry"]);
/** Maximum length of a field name before its colon. */
const MAX_NAME_LENGTH = 64;

/**
 * Finds lines with an object that are not a field of an event stream, such as a damaged `data:`. The standard ignores them, so
 * their text would be missing from the answer. Unknown fields are ignored, unless their name may be a damaged `data`. The
 * parser does not report lines that are split over reads.
 */
export class MalformedLines {
  #head = "";
  #isField: boolean | undefined;

  /** Index in `text` of the first such line, 0 if it started before; -1 if there is none. */
  firstIn(text: string): number {
    const endOf = text.includes("\r") ? anyLineEnd : lineFeed;
    for (let start = 0; start < text.length; ) {
      const end = endOf(text, start);
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
    return text.slice(start, end).includes("{");
  }

  #readName(text: string, start: number, end: number, ends: boolean): void {
    if (this.#head === "" && (text.startsWith("data:", start) || text.startsWith("event:", start))) {
      this.#isField = true;
      return;
    }
    this.#head += text.slice(start, Math.min(end, start + MAX_NAME_LENGTH - this.#head.length));
    if (this.#head.includes(":")) this.#isField = isField(this.#head);
    else if (ends) this.#isField = WITHOUT_VALUE.has(this.#head);
    else if (this.#head.length >= MAX_NAME_LENGTH || !NAME.test(this.#head)) this.#isField = false;
  }
}

function isField(line: string): boolean {
  const name = NAMED.exec(line)?.[1];
  return FIELD.test(line) || (name !== undefined && !isDamagedData(name.toLowerCase()));
}

/** Whether a name may be a damaged `data`: contains it, is a prefix or suffix of it, or differs by one character. */
function isDamagedData(name: string): boolean {
  if (name.includes("data") || "data".startsWith(name) || "data".endsWith(name)) return true;
  const before = [...name].findIndex((char, at) => char !== "data"[at]);
  const [rest, lost] = [name.slice(before), "data".slice(before)];
  // One character is different, missing or extra.
  return rest.slice(1) === lost.slice(1) || rest === lost.slice(1) || rest.slice(1) === lost;
}

function lineFeed(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at;
}

function anyLineEnd(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.test(text) ? LINE_END.lastIndex - 1 : text.length;
}
