interface OpenCall {
  readonly original: string;
  readonly wire: string;
}

/**
 * Ids the API accepts (`[A-Za-z0-9_-]`), unique within the request, the same for a call and its result. They depend only
 * on the history before them, so a growing conversation keeps its cached prefix.
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

  /** The wire id of the oldest unanswered call with that id; `undefined` when no call waits for it. */
  result(original: string): string | undefined {
    const index = this.#open.findIndex((call) => call.original === original);
    if (index < 0) return undefined;
    const [call] = this.#open.splice(index, 1);
    return call?.wire;
  }
}
