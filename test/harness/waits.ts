import { setImmediate } from "node:timers/promises";

/** Checks again on every turn of the event loop, for at most ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 10_000) throw new Error("waited ten seconds in vain");
    await setImmediate();
  }
}

/** Several turns of the event loop, including sockets: enough time for anything that would happen by itself. */
export async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}
