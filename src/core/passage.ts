import type { Events, FlowEvent } from "./event.ts";

type Batch = readonly FlowEvent[];
type Step = IteratorResult<Batch, undefined>;

export interface Passing {
  /** Called at the first read. If it fails, nothing is left. */
  readonly enter: () => Promise<Events>;
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
    if (this.#hasLeft) return Promise.resolve({ done: true, value: undefined });
    if (this.#inner !== undefined) return this.#read(this.#inner);
    this.#entering ??= this.#enter();
    return this.#entering.then((inner) => this.#read(inner));
  }

  async return(): Promise<Step> {
    // What is entered after the reader left must be left, too.
    const inner = this.#inner ?? (await this.#entering?.catch(() => undefined));
    try {
      await inner?.return?.();
    } finally {
      if (inner !== undefined) await this.#leave(undefined);
      this.#hasLeft = true;
    }
    return { done: true, value: undefined };
  }

  async #enter(): Promise<AsyncIterator<Batch>> {
    try {
      this.#inner = (await this.#passing.enter())[Symbol.asyncIterator]();
    } catch (error) {
      this.#hasLeft = true;
      throw error;
    }
    return this.#inner;
  }

  #read(inner: AsyncIterator<Batch>): Promise<Step> {
    return inner.next().then(this.#passed, this.#failed);
  }

  readonly #passed = (step: IteratorResult<Batch>): Step | Promise<Step> => {
    if (step.done === true) return this.#leave(undefined).then(() => ({ done: true, value: undefined }));
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
