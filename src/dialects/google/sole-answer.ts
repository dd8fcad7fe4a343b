import type { FlowEvent } from "../../core/event.ts";

/** A candidate, with its events that are not delivered yet. */
export interface Held {
  readonly index: number;
  /** Its position among the candidates. */
  readonly slot: number;
  readonly events: FlowEvent[];
  /** Whether a part of it was read. */
  spoke: boolean;
  hasText: boolean;
}

/**
 * Combines the candidates of a request for one answer. Some relays split an answer over candidates, text in one and calls in
 * another, or number a single one from 1. The first candidate is delivered as it arrives; the others are buffered until it is
 * known whether they are parts of the answer or separate answers.
 */
export class SoleAnswer {
  readonly #held: Held[] = [];
  readonly #numbers = new Map<string, number>();
  /** The candidate with the lowest index of which a part was read. */
  #lowest: Held | undefined;
  #lead: Held | undefined;
  /** Number of chunks to wait for a candidate with a lower index before the first one is delivered. */
  #patience = 1;

  hold(index: number): Held {
    const held = { index, slot: this.#held.length, events: [], spoke: false, hasText: false };
    this.#held.push(held);
    return held;
  }

  /** A part of a candidate was read. */
  note(held: Held, hasText: boolean): void {
    if (held.events.length === 0) return;
    held.spoke = true;
    held.hasText = hasText;
    if (this.#lowest === undefined || held.index < this.#lowest.index) this.#lowest = held;
  }

  /** A chunk was read. */
  flush(out: FlowEvent[]): void {
    this.#lead ??= this.#nextLead();
    if (this.#lead !== undefined) this.#deliver(this.#lead, out);
  }

  /** The parts of the answer, in order; `undefined` if the one to deliver arrived too late. */
  end(out: FlowEvent[]): readonly Held[] | undefined {
    const spoken = this.#held.filter(({ spoke }) => spoke).sort(byIndex);
    const lowest = this.#lowest;
    if (lowest === undefined) return this.#held.toSorted(byIndex);
    const lead = this.#lead ?? lowest;
    this.#deliver(lead, out);
    const rest = spoken.filter((held) => held !== lead);
    if (spoken.filter(({ hasText }) => hasText).length > 1) {
      if (lead !== lowest) return undefined;
      out.push(leftOut(lead, rest));
      return [lead];
    }
    for (const held of rest) this.#deliver(held, out);
    return [lead, ...rest];
  }

  #nextLead(): Held | undefined {
    const lowest = this.#lowest;
    if (lowest !== undefined && lowest.index > 0 && this.#patience-- > 0) return undefined;
    return lowest;
  }

  #deliver(held: Held, out: FlowEvent[]): void {
    for (const event of held.events.splice(0)) {
      out.push("index" in event ? { ...event, index: this.#numberOf(held, event.index) } : event);
    }
  }

  /** The index of a call in the answer. */
  #numberOf(held: Held, index: number): number {
    const key = `${held.slot} ${index}`;
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}

function byIndex(left: Held, right: Held): number {
  return left.index - right.index;
}

const MAX_NAMED = 8;

function leftOut({ index }: Held, rest: readonly Held[]): FlowEvent {
  const named = rest.slice(0, MAX_NAMED).map((held) => held.index);
  const more = rest.length > MAX_NAMED ? ` and ${rest.length - MAX_NAMED} more` : "";
  const reason = `the response has several answers; candidate ${index} is used, ${named.join(", ")}${more} left out`;
  return { type: "adjustment", adjustment: { setting: "samples", from: rest.length + 1, to: 1, reason } };
}
