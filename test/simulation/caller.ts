import { getEventListeners } from "node:events";
import type { Attempt, Model, ModelError, ModelStream, Reply } from "../../src/index.ts";
import { isModelError } from "../../src/index.ts";
import type { CallerPlan, EntryPlan } from "./plan.ts";
import type { WireRequest } from "./provider.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** One call from its start to its end, as its caller sees it. */
export class VirtualCaller {
  readonly plan: CallerPlan;
  readonly entry: EntryPlan;
  readonly requests: WireRequest[] = [];
  readonly #time: VirtualTime;
  readonly #abort = new AbortController();
  startedMs = 0;
  settledMs: number | undefined;
  abortedMs: number | undefined;
  /** Since when it waits for something; not while its reader rests. */
  waitingSinceMs: number | undefined;
  /** What a stream has shown since its last reset. */
  shown = "";
  hasShown = false;
  finishes = 0;
  settlements = 0;
  reply: Reply | undefined;
  error: ModelError | undefined;
  /** Anything thrown that is no ModelError, or seen out of order. */
  oddity: unknown;
  rows: readonly Attempt[] = [];
  rowsAtEnd = 0;
  /** Called with all text shown since the last reset. */
  onShown: (() => void) | undefined;

  constructor(plan: CallerPlan, entry: EntryPlan, time: VirtualTime) {
    this.plan = plan;
    this.entry = entry;
    this.#time = time;
  }

  get settled(): boolean {
    return this.settledMs !== undefined;
  }

  get listeners(): number {
    return getEventListeners(this.#abort.signal, "abort").length;
  }

  get deadlineAtMs(): number {
    return this.startedMs + (this.entry.deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  async run(model: Model): Promise<void> {
    const { way, id, abortAfterMs } = this.plan;
    this.startedMs = this.#time.monotonic();
    this.waitingSinceMs = this.startedMs;
    const offAbort = abortAfterMs === undefined ? () => {} : this.#time.schedule(() => this.#giveUp(), abortAfterMs);
    const options = { signal: this.#abort.signal, tags: [id] };
    try {
      this.reply =
        way === "codegen" ? await model.codegen("Hello", options) : await this.#read(model.stream("Hello", options));
    } catch (error) {
      if (isModelError(error)) this.error = error;
      else this.oddity = error;
    }
    offAbort();
    this.settlements += 1;
    this.settledMs = this.#time.monotonic();
    this.rows = this.reply?.attempts ?? this.error?.attempts ?? [];
    this.rowsAtEnd = this.rows.length;
  }

  #giveUp(): void {
    this.abortedMs = this.#time.monotonic();
    this.#abort.abort();
  }

  async #read(stream: ModelStream): Promise<Reply> {
    let deltas = 0;
    for await (const event of stream) {
      this.waitingSinceMs = undefined;
      if (this.finishes > 0 && event.type !== "usage") this.oddity = `${event.type} after finish`;
      if (event.type === "finish") this.finishes += 1;
      if (event.type === "reset") this.shown = "";
      if (event.type === "text-delta") {
        this.shown += event.text;
        this.hasShown = true;
        this.onShown?.();
        deltas += 1;
        if (deltas === this.plan.leaveAfter) break;
      }
      if (this.plan.restMs > 0) await this.#rest();
      this.waitingSinceMs = this.#time.monotonic();
    }
    this.waitingSinceMs = this.#time.monotonic();
    return stream.reply;
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => void this.#time.schedule(resolve, this.plan.restMs));
  }
}
