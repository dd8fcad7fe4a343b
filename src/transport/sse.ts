import { StringDecoder } from "node:string_decoder";
import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";
import { ModelError } from "../core/error.ts";
import type { SseMessage } from "../core/transport.ts";
import { BareJson } from "./bare-json.ts";
import { LineMarks } from "./line-marks.ts";
import { MalformedLines } from "./malformed-lines.ts";

/** Maximum length of an event, in characters. */
export const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/** For each, the parser creates an Error with a stack (measured: 1.5 s per MB), so a body full of them is rejected. */
const MAX_FOREIGN_LINES = 10_000;

/** Parses bytes into server-sent events, in linear time for any chunks. */
export class SseFramer {
  readonly #utf8 = new StringDecoder("utf8");
  readonly #parser: EventSourceParser;
  readonly #marks = new LineMarks();
  readonly #lines = new MalformedLines();
  readonly #bare = new BareJson();
  #split = false;
  #tooLong = false;
  #foreignLines = 0;
  #out: SseMessage[] = [];

  constructor() {
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_LENGTH,
      onEvent: (message) => this.#out.push(message as SseMessage),
      onError: (error: ParseError) => {
        if (error.type === "max-buffer-size-exceeded") this.#tooLong = true;
        else if (++this.#foreignLines > MAX_FOREIGN_LINES) throw notEvents();
      },
    });
  }

  /**
   * Appends the events that `chunk` completes to `out`. Throws `protocol_error` for bytes that are not an event stream; `out`
   * then has the earlier events.
   */
  push(chunk: Buffer, out: SseMessage[]): void {
    this.#feed(this.#decode(chunk), out);
  }

  /** The body ended cleanly: an event without its blank line may be complete, which the reader must decide. */
  end(out: SseMessage[]): void {
    const last: SseMessage[] = [];
    this.#feed(`${this.#utf8.end()}\n\n`, last);
    for (const message of last) out.push({ ...message, unended: true });
  }

  #feed(text: string, out: SseMessage[]): void {
    this.#out = out;
    for (let rest = this.#marks.remove(text); rest !== ""; )
      rest = this.#bare.open ? this.#feedBare(rest, out) : this.#feedEvents(rest);
  }

  /** Parses the text before a bare object, and returns the rest. */
  #feedEvents(text: string): string {
    const bareAt = this.#bare.startIn(text);
    const events = bareAt < 0 ? text : text.slice(0, bareAt);
    const damageAt = this.#lines.firstIn(events);
    this.#parser.feed(damageAt < 0 ? events : events.slice(0, damageAt));
    if (this.#tooLong) throw tooLong();
    if (damageAt >= 0) throw damagedLine();
    if (bareAt < 0) return "";
    this.#bare.begin();
    return text.slice(bareAt);
  }

  #feedBare(text: string, out: SseMessage[]): string {
    const { object, rest } = this.#bare.read(text);
    if (this.#bare.open) return "";
    if (object === undefined) throw damagedLine();
    out.push({ event: undefined, data: object });
    this.#lines.skipName();
    return rest;
  }

  /** Text that ends in ASCII, the usual case, needs no state. */
  #decode(chunk: Buffer): string {
    const whole = (chunk[chunk.length - 1] ?? 0) < 0x80;
    if (whole && !this.#split) return chunk.toString("utf8");
    this.#split = !whole;
    return this.#utf8.write(chunk);
  }
}

function tooLong(): ModelError {
  return new ModelError({
    code: "protocol_error",
    message: `One event is longer than ${MAX_EVENT_LENGTH} characters.`,
  });
}

/** The message omits the line, which may contain a part of the answer. */
function damagedLine(): ModelError {
  return new ModelError({
    code: "protocol_error",
    message: "a line of the event stream contains an object and is not a field, for example a damaged data field",
  });
}

function notEvents(): ModelError {
  return new ModelError({
    code: "protocol_error",
    message: `More than ${MAX_FOREIGN_LINES} lines of the body do not belong to an event stream.`,
  });
}

const FIELDS = ["data", "event", "id", "retry", ":"];

/** Whether a body of unknown type starts like an event stream; undefined if more bytes are needed. */
export function looksLikeSse(start: string): boolean | undefined {
  const text = start.replace(/^[\0\uFEFF]+/, "").trimStart();
  if (FIELDS.some((field) => text.startsWith(field))) return true;
  return FIELDS.some((field) => field.startsWith(text)) ? undefined : false;
}
