import type { Call, CallRecord } from "../core/call.ts";
import type { Cancellation } from "../core/cancellation.ts";
import { scheduleLimit } from "../core/clock.ts";
import { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";

/** One of two requests for the same answer. */
export type Way = (call: Call) => Events;

/** Two requests for one answer. */
export interface Hedge {
  /** Time without content from the first request before the second is sent. */
  readonly afterMs: number;
  readonly first: Way;
  /** Called when the second is due; `undefined` if another request is not allowed. */
  second(): Way | undefined;
  /** Called if the second fails while the first is in flight. */
  secondFailed(error: unknown): void;
  /** Called when one has content and the other is cancelled. */
  calledOff(): void;
}

/**
 * Sends a second request if the first has no content for a while, and continues with the first one that has. The other is
 * cancelled; it stays in the attempts, because it may be billed.
 */
export async function* hedged(call: Call, hedge: Hedge): Events {
  const race = new Race(call, hedge);
  const offTimer = scheduleLimit(call.clock, () => race.enter(hedge.second()), hedge.afterMs);
  try {
    race.enter(hedge.first);
    const winner = await race.won.finally(offTimer);
    race.callOff(winner);
    hedge.calledOff();
    yield* winner.events();
  } finally {
    offTimer();
    race.end();
  }
}

/** The requests of one call, until one of them has content. */
class Race {
  readonly won: Promise<Runner>;
  readonly #call: Call;
  readonly #hedge: Hedge;
  readonly #runners: Runner[] = [];
  readonly #resolve: (winner: Runner) => void;
  readonly #reject: (error: unknown) => void;
  #running = 0;
  #over = false;
  #firstError: unknown;

  constructor(call: Call, hedge: Hedge) {
    this.#call = call;
    this.#hedge = hedge;
    const { promise, resolve, reject } = Promise.withResolvers<Runner>();
    this.won = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  enter(way: Way | undefined): void {
    if (way === undefined) return;
    const runner = new Runner(this.#call, way);
    const place = this.#runners.push(runner);
    this.#running++;
    runner.opened.then(
      () => this.#resolve(runner),
      (error) => this.#fell(place, error),
    );
  }

  #fell(place: number, error: unknown): void {
    if (this.#over) return;
    if (place === 1) this.#firstError = error;
    else this.#hedge.secondFailed(error);
    this.#running--;
    if (this.#running === 0) this.#reject(this.#firstError);
  }

  callOff(winner: Runner): void {
    this.#over = true;
    for (const runner of this.#runners) if (runner !== winner) runner.cancel(late());
    this.#call.record.adopt(winner.record);
  }

  end(): void {
    for (const runner of this.#runners) runner.leave();
  }
}

class Runner {
  readonly record: CallRecord;
  readonly opened: Promise<IteratorResult<readonly FlowEvent[]>>;
  readonly #parent: CallRecord;
  readonly #cancellation: Cancellation;
  readonly #iterator: AsyncIterator<readonly FlowEvent[]>;

  constructor(call: Call, way: Way) {
    this.#parent = call.record;
    this.record = call.record.branch();
    this.#cancellation = call.cancellation.child();
    this.#iterator = way({ ...call, record: this.record, cancellation: this.#cancellation })[Symbol.asyncIterator]();
    this.opened = this.#iterator.next();
  }

  async *events(): Events {
    try {
      for (let step = await this.opened; !step.done; step = await this.#iterator.next()) yield step.value;
    } finally {
      this.#parent.adopt(this.record);
    }
  }

  cancel(reason: ModelError): void {
    this.#cancellation.cancel(reason);
  }

  leave(): void {
    this.#cancellation.release();
    this.#iterator.return?.()?.then(undefined, () => {});
  }
}

function late(): ModelError {
  return new ModelError({ code: "aborted", message: "Another request answered first (hedge_after)." });
}
