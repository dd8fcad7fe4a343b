import type { ContentEvent, FlowEvent } from "../core/event.ts";
import type { PartialAnswer } from "../core/partial-answer.ts";
import type { ToolCall } from "../core/tool.ts";
import { firstCopy, type Repetition, RepetitionWatch } from "./repetition.ts";
import { WhiteSpaceWatch } from "./white-space.ts";

/** A loop in the model's output. */
export interface Degeneration {
  readonly words: string;
  /** The event's text before the loop. */
  readonly before: string;
  /** The text without the loop at its end; the first repetition is kept. */
  readonly trim: (text: string) => string;
}

/** One output channel of a model: text, reasoning, or the arguments of a call. */
class Channel {
  readonly space: WhiteSpaceWatch;
  readonly #repetition: RepetitionWatch;

  constructor(limit: number, json: boolean) {
    this.space = new WhiteSpaceWatch(json);
    this.#repetition = new RepetitionWatch(limit);
  }

  add(text: string): Degeneration | undefined {
    if (text === "") return undefined;
    const read = this.space.add(text);
    if (read !== undefined) return blank(text.slice(0, read), this.space.run);
    const found = this.#repetition.add(text);
    return found === undefined ? undefined : repeated(text, found);
  }
}

function blank(text: string, run: number): Degeneration {
  return {
    words: `endless whitespace: ${run} characters (repeated_chunk_limit = 0 turns this check off)`,
    before: text.trimEnd(),
    trim: (whole) => whole.trimEnd(),
  };
}

function repeated(text: string, { period, times, read, length }: Repetition): Degeneration {
  const piece = text.slice(Math.max(0, read - period), read);
  return {
    words: `the same text was repeated ${times} times (repeated_chunk_limit): ${JSON.stringify(piece.slice(0, 40))}`,
    before: text.slice(0, Math.max(0, read - length + period)),
    trim: (whole) => whole.slice(0, firstCopy(whole, period)),
  };
}

/** Models repeat themselves more often in reasoning, and recover: 256 for a limit of 100. */
const PATIENCE_WITH_THOUGHTS = 2.56;

/** One sample: its delivered part, and whether it is in a loop. */
export class SampleWatch {
  /** Whether the sample has ended, so that nothing more is delivered. */
  ended = false;
  readonly #limit: number;
  readonly #speech: Channel;
  // Made where they are needed: many streams are open at once.
  #thoughts: Channel | undefined;
  #arguments: Map<number, Channel> | undefined;
  /** The complete text, as long as it may be JSON. */
  readonly #json: string[] = [];
  /** Whitespace after complete JSON, which is delivered only if it ends. */
  #held = "";
  readonly #text: string[] = [];
  readonly #reasoning: string[] = [];
  #calls: Map<number, ToolCall> | undefined;

  constructor(limit: number, wantsJson: boolean) {
    this.#limit = limit;
    this.#speech = new Channel(limit, wantsJson);
  }

  judge(event: FlowEvent): Degeneration | undefined {
    if (event.type === "text-delta") {
      if (this.#speech.space.mayBeJson) this.#json.push(event.text);
      return this.#speech.add(event.text);
    }
    if (event.type === "reasoning-delta") {
      this.#thoughts ??= new Channel(Math.ceil(this.#limit * PATIENCE_WITH_THOUGHTS), false);
      return this.#thoughts.add(event.text);
    }
    return event.type === "tool-call-delta" ? this.#argumentsOf(event.index).add(event.json) : undefined;
  }

  /** Whether the text before the loop is a complete JSON object or array. */
  get isWhole(): boolean {
    return this.#speech.space.closed && isJson(this.#json.join(""));
  }

  get holds(): boolean {
    return this.#speech.space.closed || this.#held !== "";
  }

  /** The event without whitespace that may be the start of a loop. */
  hold(event: ContentEvent): readonly FlowEvent[] {
    if (event.type !== "text-delta") return this.#release(event);
    const { closed, run } = this.#speech.space;
    const whole = this.#held + event.text;
    const shown = closed ? Math.max(0, whole.length - run) : whole.length;
    this.#held = whole.slice(shown);
    return shown === 0 ? [] : [{ ...event, text: whole.slice(0, shown) }];
  }

  #release(event: ContentEvent): readonly FlowEvent[] {
    if (this.#held === "") return [event];
    const text = this.#held;
    this.#held = "";
    return [{ type: "text-delta", text, sample: event.sample }, event];
  }

  #argumentsOf(index: number): Channel {
    this.#arguments ??= new Map();
    let channel = this.#arguments.get(index);
    if (channel === undefined) {
      channel = new Channel(this.#limit, true);
      this.#arguments.set(index, channel);
    }
    return channel;
  }

  /** Records a delivered event. */
  note(event: FlowEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#text.push(event.text);
        break;
      case "reasoning-delta":
        this.#reasoning.push(event.text);
        break;
      case "tool-call-start":
        this.#calls ??= new Map();
        this.#calls.set(event.index, { id: event.id, name: event.name, arguments: undefined, json: "" });
        break;
      case "tool-call-delta":
        this.#argue(event.index, event.json);
        break;
      case "tool-call-end":
        this.#calls ??= new Map();
        this.#calls.set(event.index, event.call);
        break;
      default:
    }
  }

  #argue(index: number, json: string): void {
    const call = this.#calls?.get(index);
    if (call !== undefined) this.#calls?.set(index, { ...call, json: call.json + json });
  }

  /** The delivered part, without the loop. */
  partial(loop?: { readonly event: FlowEvent; readonly found: Degeneration }): PartialAnswer {
    const up = (type: FlowEvent["type"], pieces: readonly string[]) => {
      const text = pieces.join("");
      return loop?.event.type === type ? loop.found.trim(text) : text;
    };
    return {
      text: up("text-delta", this.#text),
      reasoning: up("reasoning-delta", this.#reasoning),
      toolCalls: [...(this.#calls?.values() ?? [])],
    };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
