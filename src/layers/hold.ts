import type { Call } from "../core/call.ts";
import { isModelError, ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isContent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { PartialAnswer } from "../core/partial-answer.ts";
import { ReplyFold } from "../core/reply.ts";

/**
 * Buffers the start of a streamed answer, for `hold` after its first content, so that an answer that breaks off in that time
 * starts again invisibly. It is above fallback, which restarts answers, and below the cache, whose answers do not break.
 */
export const hold: Layer = (call, next) => {
  const limit = call.input.hold ?? call.target.policy.hold ?? 0;
  return limit === 0 || !call.streaming ? next(call) : held(call, next, limit);
};

async function* held(call: Call, next: Next, limit: number | "all"): Events {
  if (call.onBreak !== "restart") throw withoutRestart(call);
  const mostBytes = call.input.holdBytes ?? call.target.policy.holdBytes;
  const answer = new HeldAnswer();
  const { promise: timeUp, resolve } = Promise.withResolvers<undefined>();
  let stopTimer: (() => void) | undefined;
  const iterator = next(call)[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<readonly FlowEvent[]>> | undefined;
  try {
    while (answer.bytes <= mostBytes) {
      pending ??= iterator.next();
      const step = await Promise.race([pending, timeUp]);
      if (step === undefined) break;
      pending = undefined;
      if (step.done) {
        if (answer.events.length > 0) yield answer.events;
        return;
      }
      answer.add(step.value);
      if (answer.hasContent && limit !== "all") stopTimer ??= call.clock.schedule(() => resolve(undefined), limit);
    }
    // Awaited after the reader has consumed the buffered events.
    pending?.catch(() => {});
    if (answer.events.length > 0) yield answer.release();
    for (;;) {
      const step = await (pending ?? iterator.next());
      pending = undefined;
      if (step.done) return;
      yield step.value;
    }
  } catch (error) {
    if (isModelError(error)) error.partial = withHeld(error.partial, answer);
    throw error;
  } finally {
    stopTimer?.();
    const closing = iterator.return?.();
    // A generator that waits for an event closes when the event arrives, or when the call is cancelled.
    if (pending === undefined) await closing;
    else closing?.catch(() => {});
  }
}

class HeldAnswer {
  events: FlowEvent[] = [];
  bytes = 0;
  /** Whether the answer has started; it may have started again since. */
  hasContent = false;
  #isReset = false;

  add(batch: readonly FlowEvent[]): void {
    for (const event of batch) {
      if (event.type === "reset") {
        this.events = this.events.filter(isAboutTarget);
        this.bytes = 0;
        this.#isReset = true;
        continue;
      }
      // Another target answers: reports about the previous one are void too.
      if (event.type === "start" && this.#isReset) this.events = [];
      this.#isReset &&= isAboutTarget(event);
      this.hasContent ||= isContent(event);
      this.bytes += bytesOf(event);
      this.events.push(event);
    }
  }

  /** Returns the buffered events for the reader. */
  release(): readonly FlowEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }
}

/** Reported once per target, even if its answer restarts several times. */
function isAboutTarget({ type }: FlowEvent): boolean {
  return type === "start" || type === "adjustment";
}

function bytesOf(event: FlowEvent): number {
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
    case "refusal-delta":
      return Buffer.byteLength(event.text);
    case "tool-call-delta":
      return Buffer.byteLength(event.json);
    default:
      return 0;
  }
}

/** Adds the buffered text to the partial of a failed answer. */
function withHeld(told: PartialAnswer | undefined, { events }: HeldAnswer): PartialAnswer | undefined {
  const fold = new ReplyFold();
  for (const event of events) fold.push(event);
  const seen = fold.partial();
  if (seen === undefined || told === undefined) return told ?? seen;
  return { ...seen, ...told, text: told.text || seen.text, reasoning: told.reasoning || seen.reasoning };
}

function withoutRestart({ target }: Call): ModelError {
  return new ModelError({
    code: "invalid_request",
    message: `${target.entry}: options: hold needs on_break = "restart" in models.toml`,
    provider: target.provider,
    model: target.entry,
  });
}
