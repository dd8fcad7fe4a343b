import type { Call } from "../core/call.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { entryError } from "../core/target-error.ts";
import { reasonOf } from "./hook-observer.ts";

/**
 * A middleware of the user, which may return anything. What it throws is an error of the call; errors from below have been
 * converted before.
 */
export function checkedMiddleware(middleware: Layer, index: number): Layer {
  const name = `middleware ${middleware.name === "" ? index : middleware.name}`;
  return async function* (call, next) {
    let isFinished = false;
    try {
      for await (const batch of iterableOf(middleware(call, next), call, name)) {
        isFinished = checkedBatch(batch, call, name).some(({ type }) => type === "finish") || isFinished;
        yield batch;
      }
    } catch (error) {
      if (isModelError(error)) throw error;
      throw rejected(call, `a middleware failed: ${reasonOf(error)}`, error);
    }
    if (!isFinished) throw rejected(call, `${name} ended without a finish event`);
  };
}

export function rejected({ target }: Call, words: string, cause?: unknown): ModelError {
  return entryError(target, "rejected", words, { cause });
}

function iterableOf<T>(events: AsyncIterable<T>, call: Call, name: string): AsyncIterable<T> {
  const returned: unknown = events;
  if (typeof returned === "object" && returned !== null && Symbol.asyncIterator in returned) return events;
  throw malformed(call, name);
}

function checkedBatch(batch: readonly FlowEvent[], call: Call, name: string): readonly FlowEvent[] {
  if (Array.isArray(batch) && batch.every(isEvent)) return batch;
  throw malformed(call, name);
}

function isEvent(event: unknown): boolean {
  return typeof event === "object" && event !== null && typeof (event as FlowEvent).type === "string";
}

function malformed(call: Call, name: string): ModelError {
  return rejected(call, `${name} must return an async iterable of batches of events (arrays), such as next(call)`);
}
