import type { FlowEvent } from "../../core/event.ts";
import type { Usage } from "../../core/usage.ts";
import type { WireEvent } from "../server-wire.ts";
import type { Json } from "./json.ts";

/** What an answer is written with, beside its events. */
export interface AnswerHead {
  /** The id of an answer whose events have none. */
  readonly id: string;
  /** The model of an answer whose events name none. */
  readonly model: string;
  readonly createdS: number;
  /** The body of the request: some wires repeat it in the answer, or ask in it for the usage of a stream. */
  readonly body: Json;
}

/** Writes the events of an answer as a stream. */
export interface AnswerWriter {
  push(event: FlowEvent, out: WireEvent[]): void;
  /** The end of an answer that is complete. */
  end(out: WireEvent[]): void;
}

/** How a wire writes answers: as a stream, and as one body. */
export interface AnswerForm<Head extends AnswerHead = AnswerHead> {
  stream(head: Head): AnswerWriter;
  body(head: Head, events: Iterable<FlowEvent>): Json;
}

/** All wire events of an answer. */
export function writeAll(writer: AnswerWriter, events: Iterable<FlowEvent>): readonly WireEvent[] {
  const out: WireEvent[] = [];
  for (const event of events) writer.push(event, out);
  writer.end(out);
  return out;
}

/** What the events say about the whole answer. */
export class AnswerFacts {
  readonly #head: AnswerHead;
  #id: string | undefined;
  #model: string | undefined;
  serviceTier: string | undefined;
  usage: Usage | undefined;

  constructor(head: AnswerHead) {
    this.#head = head;
  }

  get id(): string {
    return this.#id ?? this.#head.id;
  }

  get model(): string {
    return this.#model ?? this.#head.model;
  }

  push(event: FlowEvent): void {
    if (event.type === "usage") this.usage = event.usage;
    if (event.type === "start") this.#id ??= event.id;
    if (event.type !== "response") return;
    this.#id ??= event.id;
    this.#model ??= event.servedModel;
    this.serviceTier = event.serviceTier ?? this.serviceTier;
  }
}

/** A stream that begins again has shown what a client cannot unsee. */
export function refuseReset(event: FlowEvent): void {
  if (event.type === "reset") throw new Error("an answer that begins again cannot be written to a client");
}
