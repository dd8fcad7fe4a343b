import type { IPolicy } from "cockatiel";
import type { Outcome } from "../core/call.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Events } from "../core/event.ts";

/** Ends what a policy was told to hold: its slot, or the verdict a breaker waits for. */
export type Release = (outcome: Outcome) => void;

/**
 * Lets a cockatiel policy see a whole stream as one execution. A policy's own `execute` ends when a stream is opened; this
 * one ends when `Release` is called. Rejects when the policy does not admit the call.
 */
export function hold(policy: IPolicy, signal?: AbortSignal): Promise<Release> {
  return new Promise((admit, refuse) => {
    const execution = policy.execute(
      () =>
        new Promise<void>((succeed, fail) => {
          admit((outcome) => (outcome.ok ? succeed() : fail(outcome.error)));
        }),
      signal,
    );
    execution.then(undefined, refuse);
  });
}

/** Passes events on and calls `release` exactly once: at the end, on failure, or when the reader leaves. */
export async function* releasing(events: Events, release: Release, abandoned: () => ModelError): Events {
  let outcome: Outcome | undefined;
  try {
    yield* events;
    outcome = { ok: true };
  } catch (error) {
    if (isModelError(error)) outcome = { ok: false, error };
    throw error;
  } finally {
    release(outcome ?? { ok: false, error: abandoned() });
  }
}
