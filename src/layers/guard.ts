import type { IPolicy } from "cockatiel";
import type { Events } from "../core/event.ts";

/** Ends the policy's execution. */
export type Release = () => void;

/**
 * Makes a complete stream one execution of a cockatiel policy: `execute` alone would end when the stream opens, this one ends
 * when `Release` is called. Rejects if the policy does not admit the call.
 */
export function hold(policy: IPolicy, signal?: AbortSignal): Promise<Release> {
  return new Promise((admit, refuse) => {
    policy.execute(() => new Promise<void>((release) => admit(release)), signal).then(undefined, refuse);
  });
}

/** Passes events on and calls `release` exactly once: at the end, on failure, or when the reader stops. */
export async function* releasing(events: Events, release: Release): Events {
  try {
    yield* events;
  } finally {
    release();
  }
}
