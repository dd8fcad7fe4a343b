const AT_START = /^[\0\uFEFF]+/;
const AFTER_LINE_END = /(?<=[\r\n])[\0\uFEFF]+/g;

/**
 * Removes NULs and byte order marks from the start of lines: padding by proxies and marks of concatenated bodies, which would
 * hide the next field.
 */
export class LineMarks {
  #atLineStart = true;

  remove(text: string): string {
    const marked = text.includes("\0") || text.includes("\uFEFF");
    const rest = marked ? this.#without(text) : text;
    if (rest !== "") this.#atLineStart = rest.endsWith("\n") || rest.endsWith("\r");
    return rest;
  }

  #without(text: string): string {
    const rest = this.#atLineStart ? text.replace(AT_START, "") : text;
    return rest.replace(AFTER_LINE_END, "");
  }
}
