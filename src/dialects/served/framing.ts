import type { WireEvent } from "../server-wire.ts";

/** How the events of a stream become text. */
export interface Framing {
  readonly contentType: string;
  write(events: readonly WireEvent[]): string;
  /** Text without an event, for a client that waits. */
  readonly pause: string;
  end(): string;
}

/** Server-sent events. */
export function eventStream(): Framing {
  return {
    contentType: "text/event-stream; charset=utf-8",
    write: sseTexts,
    pause: ": keep-alive\n\n",
    end: () => "",
  };
}

function sseTexts(events: readonly WireEvent[]): string {
  let text = "";
  for (const event of events) text += sseText(event);
  return text;
}

export function sseText({ name, data }: WireEvent): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${dataText(data)}\n\n`;
}

/** One JSON array with an element for each event. */
export function jsonArray(): Framing {
  let begun = false;
  const element = ({ data }: WireEvent): string => {
    const before = begun ? "," : "[";
    begun = true;
    return `${before}${dataText(data)}\n`;
  };
  return {
    contentType: "application/json",
    write: (events) => events.map(element).join(""),
    pause: " ",
    end: () => (begun ? "]" : "[]"),
  };
}

export function dataText(data: unknown): string {
  return typeof data === "string" ? data : JSON.stringify(data);
}
