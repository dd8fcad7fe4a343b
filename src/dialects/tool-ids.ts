interface OpenCall {
  readonly original: string;
  readonly wire: string;
}

/**
 * Maps tool call ids to ids that the API accepts (`[A-Za-z0-9_-]`), unique in the request and equal for a call and its
 * result. They depend only on earlier messages, so a growing conversation keeps its cached prefix.
 */
export class ToolIds {
  readonly #used = new Set<string>();
  #open: OpenCall[] = [];

  call(original: string): string {
    const clean = original.replace(/[^A-Za-z0-9_-]/g, "_") || "call";
    let wire = clean;
    for (let copy = 2; this.#used.has(wire); copy++) wire = `${clean}_${copy}`;
    this.#used.add(wire);
    this.#open.push({ original, wire });
    return wire;
  }

  /** The wire id of the oldest call with that id and no result; `undefined` if there is none. */
  result(original: string): string | undefined {
    const index = this.#open.findIndex((call) => call.original === original);
    if (index < 0) return undefined;
    const [call] = this.#open.splice(index, 1);
    return call?.wire;
  }
}
