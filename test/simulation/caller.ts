import { getEventListeners } from "node:events";
import type { Attempt, CacheMode, CacheOptions, Model, ModelError, ModelStream, Reply } from "../../src/index.ts";
import { isModelError } from "../../src/index.ts";
import type { CallerPlan, EntryPlan } from "./plan.ts";
import type { VirtualTime } from "./virtual-time.ts";
import type { WireRequest } from "./wire-request.ts";

/** One call from start to end, as its caller sees it. */
export class VirtualCaller {
  readonly plan: CallerPlan;
  readonly entry: EntryPlan;
  readonly requests: WireRequest[] = [];
  readonly #time: VirtualTime;
  readonly #abort = new AbortController();
  callId = "";
  startedMs = 0;
  settledMs: number | undefined;
  abortedMs: number | undefined;
  /** Since when it waits for something; unset while its reader pauses. */
  waitingSinceMs: number | undefined;
  /** What a stream has delivered since its last reset. */
  shown = "";
  finishes = 0;
  resets = 0;
  /** The reported seams of a stream, with position and reason. */
  readonly seams: { readonly at: number; readonly reason: string }[] = [];
  settlements = 0;
  reply: Reply | undefined;
  error: ModelError | undefined;
  /** Anything thrown that is not a ModelError, or received out of order. */
  oddity: unknown;
  rows: readonly Attempt[] = [];
  rowsAtEnd = 0;
  /** The stored answer that it found. */
  stored: string | undefined;
  /** Whether a stored answer, or that of an equal call, was delivered. */
  isCached = false;
  /** The requests that it has rows for, once it has settled; equal calls may share a request. */
  accounted: readonly WireRequest[] | undefined;
  /** The calls that it may share requests with, and itself. */
  mates: () => readonly VirtualCaller[] = () => [this];
  /** Whether limits explain an error. */
  explains: ((error: ModelError) => boolean) | undefined;
  /** Called with all text delivered since the last reset. */
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

  /** Whether another call shares its requests. */
  get isWaitedFor(): boolean {
    return this.mates().some((mate) => mate !== this && !mate.settled);
  }

  /** Whether a single answer, which was delivered to it, begins so. */
  wasTold(text: string): boolean {
    return this.stored?.startsWith(text) ?? this.requests.some(({ told }) => told.startsWith(text));
  }

  /** The complete answer that begins with this text. */
  wholeOf(beginning: string): string | undefined {
    return this.requests.findLast(({ told }) => told.startsWith(beginning))?.text;
  }

  async run(model: Model): Promise<void> {
    const { way, id, abortAfterMs, prompt, tags } = this.plan;
    this.startedMs = this.#time.monotonic();
    this.waitingSinceMs = this.startedMs;
    const offAbort = abortAfterMs === undefined ? () => {} : this.#time.schedule(() => this.#giveUp(), abortAfterMs);
    const { user, priority, maxNewTokens } = this.plan;
    const cache = cacheOption(this.plan);
    const options = { signal: this.#abort.signal, tags: [id, ...tags], user, priority, maxNewTokens, cache };
    try {
      this.reply =
        way === "codegen" ? await model.codegen(prompt, options) : await this.#read(model.stream(prompt, options));
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

  #begin(): void {
    this.shown = "";
    this.seams.length = 0;
    this.resets += 1;
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
      if (event.type === "reset") this.#begin();
      if (event.type === "adjustment" && event.adjustment.setting === "on_break")
        this.seams.push({ at: this.shown.length, reason: event.adjustment.reason });
      if (event.type === "text-delta") {
        this.shown += event.text;
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

function cacheOption({ cache }: CallerPlan): CacheMode | CacheOptions | undefined {
  if (cache?.ttlMs === undefined && cache?.namespace === undefined) return cache?.mode;
  const { mode, ttlMs, namespace } = cache;
  return { mode, namespace, ttl: ttlMs === undefined ? undefined : `${ttlMs}ms` };
}
