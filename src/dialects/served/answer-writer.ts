import type { FlowEvent } from "../../core/event.ts";
import type { Usage } from "../../core/usage.ts";
import type { WireEvent } from "../server-wire.ts";
import type { Json } from "./json.ts";
import type { Problem } from "./problem.ts";

/** Inputs of an answer besides its events. */
export interface AnswerHead {
  /** Used if the events have no id. */
  readonly id: string;
  /** Used if the events name no model. */
  readonly model: string;
  readonly createdS: number;
  /** Request body: some wires repeat fields of it in the response, or request the usage of a stream in it. */
  readonly body: Json;
  /** Fields of the server for the last usage object; called when that is written. */
  readonly usageExtras?: () => Json;
}

/** Writes the events of an answer as a stream. */
export interface AnswerWriter {
  push(event: FlowEvent, out: WireEvent[]): void;
  /** Writes the events that end a complete answer. */
  end(out: WireEvent[]): void;
  /** Writes the events that end a failed answer. */
  fail(problem: Problem, requestId: string, out: WireEvent[]): void;
  /** Writes what tells a client that waits that the answer goes on; nothing if the wire has no event for that. */
  keepAlive(out: WireEvent[]): void;
}

/** Writes answers of one wire format, as a stream or as one body. */
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

/** Facts from the events that apply to the complete answer. */
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

  get usageExtras(): Json {
    return this.#head.usageExtras?.() ?? {};
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

/** Throws on a `reset` event: text that was already written to the client cannot be withdrawn. */
export function refuseReset(event: FlowEvent): void {
  if (event.type === "reset") throw new Error("an answer that restarts cannot be written to a client");
}
