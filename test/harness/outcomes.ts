import { expect } from "vitest";
import { isModelError, ModelError, type ModelEvent, type ModelStream } from "../../src/index.ts";

export async function eventsOf(stream: ModelStream): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** The error that a promise rejects with; anything but a ModelError fails the test. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<ModelError> {
  const error = await Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isModelError(error)) expect(error, "expected a ModelError").toBeInstanceOf(ModelError);
  return error as ModelError;
}
