import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { type Clock, scheduleLimit } from "../core/clock.ts";
import type { Embedder } from "../core/embedder.ts";
import type { Logger } from "../core/logger.ts";
import type { CacheCounts } from "./cache-counts.ts";
import { unitVector, type Vector } from "./vectors.ts";

export interface EmbeddingServices {
  readonly embed: Embedder;
  readonly model: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counts: CacheCounts;
}

/** How long a function that failed is not called, so that calls do not wait for it again and again. */
const PAUSE_MS = 5_000;

interface Running {
  readonly vector: Promise<Vector | undefined>;
  readonly leave: () => void;
  waiting: number;
}

/** Calls the embedding function, once for equal concurrent texts. It never fails a call. */
export class Embeddings {
  readonly #services: EmbeddingServices;
  readonly #running = new Map<string, Running>();
  #isDown = false;
  #pausedUntilMs = 0;

  constructor(services: EmbeddingServices) {
    this.#services = services;
  }

  /** No vector if the function fails or is too slow. Rejects only if the call is cancelled. */
  async vectorOf(text: string, cancellation: Cancellation): Promise<Vector | undefined> {
    const running = this.#running.get(text) ?? this.#start(text);
    if (running === undefined) return undefined;
    running.waiting++;
    try {
      return await unlessCancelled(running.vector, cancellation);
    } finally {
      running.waiting--;
      if (running.waiting === 0) running.leave();
    }
  }

  #start(text: string): Running | undefined {
    const { embed, model, timeoutMs, clock, counts } = this.#services;
    if (clock.monotonic() < this.#pausedUntilMs) return undefined;
    const controller = new AbortController();
    let offTimer = () => {};
    const late = new Promise<never>((_, reject) => {
      offTimer = scheduleLimit(clock, () => reject(new Error(`no vector within ${timeoutMs} ms`)), timeoutMs);
    });
    counts.embedded += 1;
    const asked = Promise.resolve().then(() => embed([text], { model, signal: controller.signal }));
    let isSettled = false;
    const leave = () => {
      offTimer();
      this.#running.delete(text);
      if (!isSettled) controller.abort();
    };
    const vector = Promise.race([asked.then(onlyVector), late]).then(
      (found) => {
        isSettled = true;
        return this.#succeeded(found);
      },
      (error: unknown) => this.#failed(error, controller.signal.aborted),
    );
    const running = { vector, leave, waiting: 0 };
    this.#running.set(text, running);
    return running;
  }

  #succeeded(vector: Vector): Vector {
    if (this.#isDown) this.#services.logger.info("the semantic cache can be used again");
    this.#isDown = false;
    return vector;
  }

  /** A call that was abandoned says nothing about the function. */
  #failed(error: unknown, isAbandoned: boolean): undefined {
    if (isAbandoned) return undefined;
    const { clock, logger } = this.#services;
    this.#pausedUntilMs = clock.monotonic() + PAUSE_MS;
    if (!this.#isDown)
      logger.warn("the embedding function of the semantic cache failed", {
        reason: error instanceof Error ? error.message : String(error),
      });
    this.#isDown = true;
    return undefined;
  }
}

function onlyVector(vectors: unknown): Vector {
  const vector = Array.isArray(vectors) && vectors.length === 1 ? unitVector(vectors[0]) : undefined;
  if (vector === undefined) throw new Error("it must return one vector of finite numbers, not all 0, for each text");
  return vector;
}
