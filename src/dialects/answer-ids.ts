import type { FlowEvent } from "../core/event.ts";

/**
 * The ids of the tool calls of one message. A result refers to its call by id, so a call with a duplicate id gets a new one;
 * that is reported once.
 */
export class AnswerIds {
  readonly #taken = new Set<string>();
  #reported = false;

  /** The id of a new call: the `given` one if it is free, otherwise one from `make`. */
  take(given: string | undefined, make: () => string, out: FlowEvent[]): string {
    const isFree = given !== undefined && given !== "" && !this.#taken.has(given);
    const id = isFree ? given : this.#free(make());
    this.#taken.add(id);
    if (!isFree && given !== undefined && given !== "") this.#report(given, id, out);
    return id;
  }

  #free(made: string): string {
    let id = made;
    for (let copy = 2; this.#taken.has(id); copy++) id = `${made}_${copy}`;
    return id;
  }

  #report(given: string, id: string, out: FlowEvent[]): void {
    if (this.#reported) return;
    this.#reported = true;
    const reason = "several tool calls have the same id; all but the first got a new id";
    out.push({ type: "adjustment", adjustment: { setting: "tools", from: { id: given }, to: { id }, reason } });
  }
}
