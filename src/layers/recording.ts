import type { FlowEvent } from "../core/event.ts";

export type Log = readonly FlowEvent[];

/** The events of an answer for a replay, without those before a restart. Beyond `maxBytes`, it keeps no content. */
export class Recording {
  readonly #maxBytes: number;
  #log: FlowEvent[] = [];
  #bytes = 0;

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  get log(): Log {
    return this.#log;
  }

  get isTooLarge(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  add(batch: readonly FlowEvent[]): void {
    // A restart on the same target emits no new start.
    if (batch.some((event) => event.type === "reset")) {
      this.#log = this.#log.filter(isAboutTarget);
      this.#bytes = 0;
    }
    for (const event of batch) if (event.type !== "reset") this.#push(event);
  }

  #push(event: FlowEvent): void {
    this.#bytes += bytesOf(event);
    this.#log.push(event);
    if (this.isTooLarge) this.#log = this.#log.filter((one) => isAboutTarget(one) || one.type === "finish");
  }
}

function isAboutTarget({ type }: FlowEvent): boolean {
  return type === "start" || type === "adjustment";
}

/** Of a token with its log probability. */
const BYTES_PER_TOKEN = 64;

/** Of the content, which is most of an answer. */
function bytesOf(event: FlowEvent): number {
  if ("text" in event) return Buffer.byteLength(event.text);
  if ("json" in event) return Buffer.byteLength(event.json);
  if (event.type === "logprobs") return event.tokens.length * BYTES_PER_TOKEN;
  if (event.type === "embeddings") return event.vectors.reduce((sum, vector) => sum + vector.byteLength, 0);
  return "signature" in event ? event.signature.length : 0;
}
