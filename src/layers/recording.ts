import type { FlowEvent } from "../core/event.ts";

export type Log = readonly FlowEvent[];

/** The events of an answer for a replay, without those before a restart. */
export class Recording {
  #log: FlowEvent[] = [];

  get log(): Log {
    return this.#log;
  }

  add(batch: readonly FlowEvent[]): void {
    // A restart on the same target emits no new start.
    if (batch.some((event) => event.type === "reset"))
      this.#log = this.#log.filter((event) => event.type === "start" || event.type === "adjustment");
    for (const event of batch) if (event.type !== "reset") this.#log.push(event);
  }
}
