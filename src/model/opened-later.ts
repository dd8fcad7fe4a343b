import { Cancellation } from "../core/cancellation.ts";
import type { Clock } from "../core/clock.ts";
import { ModelError } from "../core/error.ts";
import type { Opened } from "./reading.ts";

/** A call that starts after `open`, which reads its files. It can be left and aborted in the meantime. */
export function openedLater<Event extends { readonly type: string }, Result>(
  clock: Clock,
  signal: AbortSignal | undefined,
  open: (cancellation: Cancellation) => Promise<Opened<Event, Result>>,
): Opened<Event, Result> {
  const cancellation = new Cancellation();
  let opened: Opened<Event, Result> | undefined;
  const started = () => {
    if (opened === undefined) throw new ModelError({ code: "aborted", message: "the call did not start" });
    return opened;
  };
  async function* events(): AsyncGenerator<readonly Event[]> {
    try {
      if (signal !== undefined) cancellation.follow(signal);
      cancellation.throwIfCancelled();
      const call = await open(cancellation);
      opened = call;
      cancellation.onCancel((reason) => call.cancel(reason));
      call.onCancel((reason) => cancellation.cancel(reason));
      yield* call.events;
    } finally {
      cancellation.release();
    }
  }
  return {
    events: events(),
    clock,
    note: (event) => opened?.note(event),
    reply: () => started().reply(),
    failure: (error) => (opened === undefined ? error : opened.failure(error)),
    complete: () => opened?.complete() ?? false,
    progress: () => opened?.progress?.(),
    cancel: (reason) => cancellation.cancel(reason),
    onCancel: (listener) => void cancellation.onCancel(listener),
    pauseLimitMs: () => opened?.pauseLimitMs(),
    pausedTooLong: () => started().pausedTooLong(),
  };
}
