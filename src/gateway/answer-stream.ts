import { type FlowEvent, isContent } from "../core/event.ts";
import type { Reply } from "../core/reply.ts";
import type { AnswerWriter } from "../dialects/served/answer-writer.ts";
import type { Framing } from "../dialects/served/framing.ts";
import type { WireEvent } from "../dialects/server-wire.ts";
import { startsAgain } from "../model/stream.ts";
import type { Chunk } from "./answer.ts";
import type { Failure } from "./problems.ts";
import type { ServedCall } from "./served-call.ts";

/** A streamed answer as text. */
export class AnswerStream {
  readonly #call: ServedCall;
  readonly #framing: Framing;
  #writer: AnswerWriter | undefined;
  #out: WireEvent[] = [];
  /** Whether `#out` has content that the client does not have yet. */
  #pending = false;
  /** Whether the client has content. */
  #delivered = false;
  #keptAlive = false;

  constructor(call: ServedCall, framing: Framing) {
    this.#call = call;
    this.#framing = framing;
  }

  /** The next part of the answer: one for each network read that has events for the client. */
  async next(): Promise<Chunk> {
    const { batches } = this.#call;
    for (;;) {
      const batch = await batches.next();
      if (batch === undefined) return this.#ending(await batches.reply);
      for (const event of batch) this.#push(event);
      if (this.#out.length > 0) return { text: this.#take(), last: false };
    }
  }

  /** The end of a stream that failed. */
  failed({ problem }: Failure): Chunk {
    this.#writerOf().fail(problem, this.#call.requestId, this.#out);
    return { text: this.#take() + this.#framing.end(), last: true };
  }

  /** What keeps a waiting client from giving up. */
  keepAlive(): string {
    this.#keptAlive = true;
    this.#writerOf().keepAlive(this.#out);
    return this.#out.length === 0 ? this.#framing.pause : this.#take();
  }

  #push(event: FlowEvent): void {
    if (event.type === "reset") this.#restart();
    const shown = this.#call.events.shown(event);
    if (shown === undefined) return;
    this.#writerOf().push(shown, this.#out);
    this.#pending ||= isContent(shown) || (shown.type === "wire-output" && shown.ofMessage !== true);
  }

  /** A client cannot take back what it has. */
  #restart(): void {
    if (this.#delivered || (this.#pending && this.#keptAlive))
      throw startsAgain('this wire format cannot report: use `on_break = "continue"`');
    if (!this.#pending) return;
    this.#writer = undefined;
    this.#out = [];
    this.#pending = false;
  }

  async #ending(reply: Reply): Promise<Chunk> {
    this.#call.finish(reply);
    const writer = this.#writerOf();
    for (const event of this.#call.events.last(reply)) writer.push(event, this.#out);
    writer.end(this.#out);
    await this.#call.keep(this.#call.wire.stored?.responseIn(this.#out));
    return { text: this.#take() + this.#framing.end(), last: true };
  }

  #writerOf(): AnswerWriter {
    this.#writer ??= this.#call.wire.answer.stream(this.#call.head());
    return this.#writer;
  }

  #take(): string {
    const text = this.#framing.write(this.#out);
    this.#out = [];
    this.#delivered ||= this.#pending;
    return text;
  }
}
