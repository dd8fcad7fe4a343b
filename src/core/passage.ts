import type { Events, FlowEvent } from "./event.ts";

type Batch = readonly FlowEvent[];
type Step = IteratorResult<Batch, undefined>;

const DONE: Step = { done: true, value: undefined };

export interface Passing {
  /** Called at the first read. If it fails, nothing is left. */
  readonly enter: () => Events | Promise<Events>;
  readonly note?: (batch: Batch) => void;
  /** Called once: when the events end, fail or are no longer read. The last read waits for it. */
  readonly leave: (failure: unknown) => Promise<void> | void;
}

/** The events of `enter`, unchanged. Cheaper than a generator, which takes several steps to pass a batch on. */
export function passage(passing: Passing): Events {
  return new Passage(passing);
}

class Passage implements AsyncIterableIterator<Batch, undefined> {
  readonly #passing: Passing;
  #entering: Promise<AsyncIterator<Batch>> | undefined;
  #inner: AsyncIterator<Batch> | undefined;
  #hasLeft = false;

  constructor(passing: Passing) {
    this.#passing = passing;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#hasLeft) return Promise.resolve(DONE);
    if (this.#inner !== undefined) return this.#read(this.#inner);
    return this.#entering === undefined ? this.#first() : this.#entering.then((inner) => this.#read(inner));
  }

  #first(): Promise<Step> {
    try {
      const entered = this.#passing.enter();
      if (!(entered instanceof Promise)) return this.#read(this.#entered(entered));
      this.#entering = entered.then((events) => this.#entered(events));
    } catch (error) {
      return Promise.reject(this.#refused(error));
    }
    return this.#entering.then(
      (inner) => this.#read(inner),
      (error) => Promise.reject(this.#refused(error)),
    );
  }

  #entered(events: Events): AsyncIterator<Batch> {
    this.#inner = events[Symbol.asyncIterator]();
    return this.#inner;
  }

  #refused(error: unknown): unknown {
    this.#hasLeft = true;
    return error;
  }

  return(): Promise<Step> {
    return this.#hasLeft ? Promise.resolve(DONE) : this.#returned();
  }

  async #returned(): Promise<Step> {
    // What is entered after the reader left must be left, too.
    const inner = this.#inner ?? (await this.#entering?.catch(() => undefined));
    try {
      await inner?.return?.();
    } finally {
      if (inner !== undefined) await this.#leave(undefined);
      this.#hasLeft = true;
    }
    return DONE;
  }

  #read(inner: AsyncIterator<Batch>): Promise<Step> {
    return inner.next().then(this.#passed, this.#failed);
  }

  readonly #passed = (step: IteratorResult<Batch>): Step | Promise<Step> => {
    if (step.done === true) return this.#leave(undefined).then(() => DONE);
    this.#passing.note?.(step.value);
    return step;
  };

  readonly #failed = async (error: unknown): Promise<never> => {
    await this.#leave(error);
    throw error;
  };

  async #leave(failure: unknown): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    await this.#passing.leave(failure);
  }
}
