/**
 * The input of a custom tool as the arguments of a call, `{ "input": "…" }`. Each chunk is escaped separately.
 */
export class CustomInput {
  readonly complete = false;
  #said = "";
  #json = "";

  get text(): string {
    return this.#json;
  }

  get empty(): boolean {
    return this.#said === "";
  }

  add(piece: string): string {
    if (piece === "") return "";
    this.#said += piece;
    return this.#write(JSON.stringify(piece).slice(1, -1));
  }

  /** Repeated plain text may be intended. */
  repeats(): boolean {
    return false;
  }

  /** The missing end of an input that the server repeats; `undefined` if it differs. */
  complement(whole: string): string | undefined {
    if (whole === "") return "";
    return whole.startsWith(this.#said) ? this.add(whole.slice(this.#said.length)) : undefined;
  }

  end(): string {
    return this.#write('"}');
  }

  #write(json: string): string {
    const written = this.#json === "" ? `{"input":"${json}` : json;
    this.#json += written;
    return written;
  }
}
