import type { Call } from "../core/call.ts";
import { CancellableWait, type Cancellation } from "../core/cancellation.ts";
import { SAME_MOMENT_MS, scheduleLimit } from "../core/clock.ts";
import { isModelError, type ModelError, type TimeoutPhase } from "../core/error.ts";
import { isContent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";
import { slowWatch } from "./slow-watch.ts";

/**
 * The timeouts of one attempt: total time, time to the first token, and idle time between model data. Each ends the attempt,
 * never the call. The idle timeout does not run while the reader is slow.
 */
export const timeout: Layer = async function* (call, next) {
  call.record.read = call.target;
  const attempt = call.cancellation.child();
  const clocks = new Clocks(call, attempt);
  const slow = slowWatch(call);
  const wait = new CancellableWait(attempt);
  const iterator = next({ ...call, cancellation: attempt })[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      clocks.waiting();
      slow?.waiting();
      const step = await wait.for(iterator.next());
      clocks.arrived();
      if (step.done) {
        isOver = true;
        return;
      }
      slow?.arrived(step.value);
      if (!clocks.sawToken && step.value.some(isContent)) clocks.firstToken();
      yield step.value;
    }
  } catch (error) {
    isOver = true;
    throw clocks.failureAtLimit(error) ?? error;
  } finally {
    clocks.stop();
    slow?.stop();
    // Recorded at once: the layers above book what the attempt used when they are left.
    if (!isOver) attempt.cancel(left(call));
    attempt.release();
    // Not awaited: a dialect that ignores its cancellation must not block the call.
    iterator.return?.()?.then(undefined, () => {});
  }
};

function left({ target }: Call): ModelError {
  return targetError(target, "aborted", "the rest of the answer is not needed");
}

/** One timer for all timeouts of the attempt, set for the nearest limit and rescheduled only when it fires. */
class Clocks {
  readonly #call: Call;
  readonly #attempt: Cancellation;
  readonly #startedMs: number;
  #lastDataMs: number | undefined;
  #waiting = false;
  #readersTotalMs = 0;
  #offTimer: () => void;
  sawToken = false;

  constructor(call: Call, attempt: Cancellation) {
    this.#call = call;
    this.#attempt = attempt;
    this.#startedMs = call.clock.monotonic();
    this.#offTimer = this.#arm();
  }

  waiting(): void {
    this.#readersTotalMs = this.#readersMs();
    this.#waiting = true;
    if (this.#lastDataMs !== undefined) this.#lastDataMs = this.#call.clock.monotonic();
  }

  /** Time in which the reader did not request events; excluded from the attempt. */
  #readersMs(): number {
    if (this.#waiting || this.#lastDataMs === undefined) return this.#readersTotalMs;
    return this.#readersTotalMs + this.#call.clock.monotonic() - this.#lastDataMs;
  }

  arrived(): void {
    this.#waiting = false;
    const first = this.#lastDataMs === undefined;
    this.#lastDataMs = this.#call.clock.monotonic();
    if (first && this.#call.streaming) this.#rearm();
  }

  firstToken(): void {
    this.sawToken = true;
    this.#call.record.firstTokenMs ??= this.#call.clock.monotonic() - this.#call.record.startedMs;
  }

  /** A connection that breaks at the moment of the timeout counts as timed out, so that it is not retried. */
  failureAtLimit(error: unknown): ModelError | undefined {
    if (!isModelError(error, "connection_failed") && !isModelError(error, "stream_truncated")) return undefined;
    const { atMs, phase, limitMs } = this.#nearest();
    return this.#call.clock.monotonic() < atMs - SAME_MOMENT_MS ? undefined : timedOut(this.#call, phase, limitMs);
  }

  stop(): void {
    this.#offTimer();
  }

  #rearm(): void {
    this.#offTimer();
    this.#offTimer = this.#arm();
  }

  #arm(): () => void {
    const { clock } = this.#call;
    const { atMs } = this.#nearest();
    return scheduleLimit(clock, () => this.#fire(), Math.max(0, atMs - clock.monotonic()));
  }

  #fire(): void {
    const { atMs, phase, limitMs } = this.#nearest();
    if (this.#call.clock.monotonic() < atMs) {
      this.#offTimer = this.#arm();
      return;
    }
    this.#attempt.cancel(timedOut(this.#call, phase, limitMs));
  }

  #nearest(): { atMs: number; phase: TimeoutPhase; limitMs: number } {
    const { attemptTimeoutMs, firstTokenTimeoutMs, idleTimeoutMs } = this.#call.target.policy;
    let nearest = {
      atMs: this.#startedMs + attemptTimeoutMs + this.#readersMs(),
      phase: "attempt" as TimeoutPhase,
      limitMs: attemptTimeoutMs,
    };
    if (!this.sawToken && firstTokenTimeoutMs !== undefined && this.#call.streaming) {
      const atMs = this.#startedMs + firstTokenTimeoutMs;
      if (atMs < nearest.atMs) nearest = { atMs, phase: "first-token", limitMs: firstTokenTimeoutMs };
    }
    if (this.#lastDataMs !== undefined && this.#call.streaming) {
      const since = this.#waiting ? this.#lastDataMs : this.#call.clock.monotonic();
      if (since + idleTimeoutMs < nearest.atMs)
        nearest = { atMs: since + idleTimeoutMs, phase: "idle", limitMs: idleTimeoutMs };
    }
    return nearest;
  }
}

const MEANING: Readonly<Record<TimeoutPhase, string>> = {
  connect: "no connection",
  "first-token": "no first token",
  silence: "no byte",
  idle: "no model data",
  attempt: "no complete answer",
  deadline: "the call did not end",
};
const KEY: Readonly<Record<TimeoutPhase, string>> = {
  connect: "connect_timeout",
  "first-token": "first_token_timeout",
  silence: "silence_timeout",
  idle: "idle_timeout",
  attempt: "timeout",
  deadline: "deadline",
};

export function timedOut(
  { target }: Pick<Call, "target">,
  phase: TimeoutPhase,
  limitMs: number,
  what = MEANING[phase],
  limit = KEY[phase],
): ModelError {
  return targetError(target, "timed_out", `${what} within ${limitMs / 1000} s (${limit})`, { phase });
}
