import type { Events, FlowEvent } from "./event.ts";

type Batch = readonly FlowEvent[];
type Step = IteratorResult<Batch, undefined>;

const DONE: Step = { done: true, value: undefined };

export interface Passing {
  /** Called at the first read. If it fails, nothing is left. */
  readonly enter?: () => Promise<void> | void;
  /** Called after `enter`. */
  readonly events: () => Events;
  readonly note?: (batch: Batch) => void;
  /** Called once: when the events end, fail or are no longer read. The last read waits for it. */
  readonly leave: (failure: unknown) => Promise<void> | void;
}

/** The events, unchanged. Cheaper than a generator, which takes several steps to pass a batch on. */
export function passage(passing: Passing): Events {
  return new Passage(passing);
}

class Passage implements AsyncIterableIterator<Batch, undefined> {
  readonly #passing: Passing;
  #entering: Promise<void> | undefined;
  #inner: AsyncIterator<Batch> | undefined;
  #hasEntered = false;
  #isOver = false;

  constructor(passing: Passing) {
    this.#passing = passing;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#isOver) return Promise.resolve(DONE);
    if (this.#inner !== undefined) return this.#read(this.#inner);
    if (this.#entering !== undefined) return this.#entering.then(() => this.next());
    try {
      this.#entering = this.#passing.enter?.() as Promise<void> | undefined;
    } catch (error) {
      return Promise.reject(this.#refused(error));
    }
    if (this.#entering === undefined) return this.#begin();
    return this.#entering.then(
      () => this.#begin(),
      (error) => Promise.reject(this.#refused(error)),
    );
  }

  return(): Promise<Step> {
    if (this.#isOver) return Promise.resolve(DONE);
    if (this.#entering !== undefined || this.#hasEntered) return this.#returned();
    this.#isOver = true;
    return Promise.resolve(DONE);
  }

  async #returned(): Promise<Step> {
    // What is entered after the reader left must be left, too.
    await this.#entering?.catch(() => {});
    try {
      await this.#inner?.return?.();
    } finally {
      await this.#leave(undefined);
    }
    return DONE;
  }

  #refused(error: unknown): unknown {
    this.#isOver = true;
    return error;
  }

  #begin(): Promise<Step> {
    this.#hasEntered = true;
    try {
      this.#inner = this.#passing.events()[Symbol.asyncIterator]();
    } catch (error) {
      return Promise.reject(error).catch(this.#failed);
    }
    return this.#read(this.#inner);
  }

  #read(inner: AsyncIterator<Batch>): Promise<Step> {
    return inner.next().then(this.#passed, this.#failed);
  }

  readonly #passed = (step: IteratorResult<Batch>): Step | Promise<Step> => {
    if (step.done === true) return this.#leave(undefined)?.then(() => DONE) ?? DONE;
    this.#passing.note?.(step.value);
    return step;
  };

  readonly #failed = (error: unknown): Promise<never> => {
    const leaving = this.#leave(error);
    if (leaving === undefined) throw error;
    return leaving.then(() => {
      throw error;
    });
  };

  /** Most leave at once: then the last read waits for no further step. */
  #leave(failure: unknown): Promise<void> | undefined {
    if (!this.#hasEntered || this.#isOver) return undefined;
    this.#isOver = true;
    return this.#passing.leave(failure) as Promise<void> | undefined;
  }
}
