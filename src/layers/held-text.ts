import { type FlowEvent, isContent } from "../core/event.ts";

type TextDelta = Extract<FlowEvent, { type: "text-delta" }>;

export interface Divided {
  readonly shown: string;
  readonly held: string;
}

/** Finds words in text that is split over deltas: buffers only text that may be the start of one. */
export abstract class HeldText {
  readonly words: readonly string[];
  /** By sample. */
  readonly #held = new Map<number, string>();

  constructor(words: readonly string[]) {
    this.words = words;
  }

  pass(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    const out: FlowEvent[] = [];
    for (const event of batch) {
      if (event.type === "text-delta") {
        const text = this.#take(event);
        if (text !== "") out.push({ ...event, text });
      } else {
        if (isContent(event)) this.#flush(event.sample, out);
        out.push(this.other(event));
      }
    }
    return out;
  }

  /** Splits the text into a part to emit and a part to buffer, which may be the start of a word. At the end, nothing is buffered. */
  protected abstract divide(text: string, sample: number, ended: boolean): Divided;

  protected other(event: FlowEvent): FlowEvent {
    return event;
  }

  #take({ text, sample }: TextDelta): string {
    const { shown, held } = this.divide((this.#held.get(sample) ?? "") + text, sample, false);
    this.#held.set(sample, held);
    return shown;
  }

  #flush(sample: number, out: FlowEvent[]): void {
    const { shown: text } = this.divide(this.#held.get(sample) ?? "", sample, true);
    if (text !== "") out.push({ type: "text-delta", text, sample });
    this.#held.delete(sample);
  }
}
