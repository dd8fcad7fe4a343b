import type { IPolicy } from "cockatiel";
import type { Events } from "../core/event.ts";

/** Ends the policy that was held open. */
export type Release = () => void;

/**
 * Lets a cockatiel policy see a whole stream as one execution. A policy's own `execute` ends when a stream is opened; this
 * one ends when `Release` is called. Rejects when the policy does not admit the call.
 */
export function hold(policy: IPolicy, signal?: AbortSignal): Promise<Release> {
  return new Promise((admit, refuse) => {
    policy.execute(() => new Promise<void>((release) => admit(release)), signal).then(undefined, refuse);
  });
}

/** Passes events on and calls `release` exactly once: at the end, on failure, or when the reader leaves. */
export async function* releasing(events: Events, release: Release): Events {
  try {
    yield* events;
  } finally {
    release();
  }
}
